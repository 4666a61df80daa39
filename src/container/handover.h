/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handing a created container over to systemd. The order loses no exit status: systemd learns the
 * main process and that the unit is up in one message, the barrier waits until it has read it, and
 * only then the container's program starts, so that even one that exits at once is watched. A
 * READY=1 that came later would find the main process gone, and a good start would have failed.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct crun;

/* Is there a service manager that wants to hear of us? */
bool handover_possible(void);

/* state: of the unit, in the same message: "READY=1" where it is up with this, or "STATUS=" and
 * what it waits for, which `systemctl status` shows until somebody says something else; or "". */
int handover_main_process(pid_t init, const char *state, struct error *err);

/* Let the created container's program run: what `crun start` does, without executing it; `crun
 * start` itself where this crun works differently. EINTR when we were told to stop. */
int handover_start(const struct crun *crun, pid_t init, struct error *err);

/* Wait until the container's program has been started (by the process that creates it), at most
 * some seconds. crun_root and id name crun's state. */
void handover_wait_started(const char *crun_root, const char *id);
