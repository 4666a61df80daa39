/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the kernel killed processes of a container because its memory was at an end. With cgroup2
 * systemd sees that (Result=oom-kill, OOMPolicy=); with the memory of cgroup v1 it does not, and
 * the log pump's last act says it in its place: in the journal, and in the state of what is kept.
 */
#pragma once

#include "state.h"

/* The number behind "oom_kill" in memory.events (cgroup2) or memory.oom_control (v1). */
uint64_t oom_parse(const char *text);

/* The file that counts for a process with this /proc/PID/cgroup, in a group of cgroup v1; NULL
 * where its memory is not in such a hierarchy. Owned by the caller. */
char *oom_legacy_file(const char *cgroups);

/* How many were killed up to now in the group that a /proc/PID/cgroup names, or of that process
 * (0: this one). by_systemd: systemd counts as well. */
uint64_t oom_count_in(const char *cgroups, bool *ret_by_systemd);
uint64_t oom_count(pid_t pid, bool *ret_by_systemd);

/* It has ended, and this process is in its group: say what there is to say. data: where it is
 * kept. */
void oom_report(struct container_state *state, const char *data);
