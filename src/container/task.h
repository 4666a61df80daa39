/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of a container, as seen from the host and as it sees them itself. */
#pragma once

#include "../base/error.h"
#include "state.h"

#include <stdint.h>

struct task {
        pid_t hpid, pid, ppid; /* on the host; in the container; its parent's there, or 0 */
        uid_t huid, uid;       /* on the host; in the container */
        gid_t hgid, gid;
        char *user, *group; /* owned; names within the container, or numbers */
        char state;         /* as ps(1) has it: R, S, D, Z … */
        char *comm, *args;  /* owned */
        int tty;            /* device number, or 0 */
        long nice;
        uint64_t rss, vsz; /* bytes */
        uint64_t cpu, age; /* milliseconds */
};

struct task_list {
        struct task *items; /* owned */
        size_t count;
};

void task_list_free(struct task_list *list);
#define AUTO_TASKS CLEANUP(task_list_free)

/* All of them, also those that were started by exec; without the log pump and other helpers of
 * ours. ESRCH where the container does not run. */
int task_list(const struct container_state *state, struct task_list *ret, struct error *err);

/* One line of /proc/PID/stat from behind the name, for tests. */
bool task_parse_stat(const char *text, struct task *ret);
