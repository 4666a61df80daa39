/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control groups, by path as /proc/PID/cgroup shows it. On a machine with cgroup v1 controllers the
 * path is that of the tree systemd keeps its units in; entering a group enters all hierarchies.
 */
#pragma once

#include "process.h"

/* systemd's path in the text of /proc/PID/cgroup ("0::/PATH", else "N:name=systemd:/PATH"); NULL
 * where there is none. Owned by the caller. */
char *cgroup_parse(const char *text);

/* The text of that; 0 is this process. */
int cgroup_read(pid_t pid, char **ret_text, struct error *err);
int cgroup_of(pid_t pid, char **ret_path, struct error *err);

/* The unit a path belongs to: "web.service" of "/system.slice/web.service/payload"; NULL where it
 * is in none. Owned by the caller. */
char *cgroup_unit(const char *path);

/* Can groups of this machine have limits of that kind ("pids")? */
bool cgroup_has_controller(const char *name);

/* A descriptor of the group's directory. */
int cgroup_open(const char *path, struct error *err);

/* All processes of a group and of those below it. The list is owned by the caller. */
int cgroup_list_processes(int group, pid_t **ret_pids, size_t *ret_count, struct error *err);

/* Put this process into the groups of another, in all hierarchies. */
int cgroup_join(pid_t pid, struct error *err);

/*
 * Kill what an earlier run left in this process's own group: every process there, and in the
 * groups below, that is older than our oldest ancestor in it, the one systemd started for this run.
 * The groups go as well: one may stand still (pause.h). Waits until they are gone, at most a few
 * seconds. Returns how many there were.
 * own: the path of that group; self: this process.
 */
int cgroup_kill_leftovers(const char *own, const struct process_id *self, struct error *err);

/* Kill every process of this process's own group but itself. */
void cgroup_kill_own(void);

/* The same, but only what came after us: what we have started, whoever is its parent by now. */
void cgroup_kill_younger(void);
