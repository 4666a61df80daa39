/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A control group for a container that manages groups itself, as systemd does: the unit's own, of
 * which the container's root owns what the kernel allows to delegate (cgroups(7)), and without a
 * process of ours in it, or no controller could be switched on below. Nothing is done on the old
 * hierarchies.
 */
#pragma once

#include "../base/error.h"

#include <sys/types.h>

/* path as /proc/PID/cgroup shows it. Limits stay root's. */
int cgroup_give(const char *path, uid_t uid, gid_t gid, struct error *err);

/* Beside the container's processes, under a name that systemd's own tools know. */
#define CGROUP_ASIDE "supervisor"

/* Move a process of ours to that group below it. */
int cgroup_put_aside(const char *path, pid_t pid, struct error *err);
