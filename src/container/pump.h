/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the container's output goes. Under systemd stdout is a socket to the journal, and images
 * that open /dev/stdout again (nginx, apache) fail on a socket: they get one pipe for stdout and
 * stderr, which the log pump (crunit-log) empties into that socket. Anything else (a terminal, a
 * file, a pipe) is inherited as it is.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct pump {
        int read, write; /* owned; the pipe, or -1 */
        int begin;       /* owned; the pump waits at its other end, or -1 */
        pid_t pid;       /* our child, or 0 */
};

#define PUMP_NONE ((struct pump){ .read = -1, .write = -1, .begin = -1 })

/* Is the log pump needed, for output that goes where our own stdout goes? */
bool pump_is_needed(void);

/* Make the pipe. */
int pump_open(struct pump *ret, struct error *err);
/* The pipe belongs to the container's user, who may open it again. */
int pump_give(const struct pump *pump, uid_t uid, gid_t gid, struct error *err);

/*
 * Execute the pump on the pipe's read end (or on another descriptor that takes its place). At the
 * end of the log, if the directory data is still there, it becomes `crunit cleanup run data`, see
 * stop_cleanup(); NULL: it just ends. Until it is started it moves nothing, and when we end before
 * that, it never does.
 */
int pump_prepare(struct pump *pump, const char *run, const char *data_or_null, struct error *err);

/* Start it, and close both ends here. */
int pump_start(struct pump *pump, struct error *err);

/* Wait until it has written all and gone; killed processes may keep the pipe open for a moment. */
void pump_wait(const struct pump *pump);

void pump_close(struct pump *pump);
#define AUTO_PUMP CLEANUP(pump_close)
