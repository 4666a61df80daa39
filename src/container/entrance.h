/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way into a running container, read once from the configuration its runtime got
 * (OCI runtime-spec, process), so that a program can be started in there often and cheaply: in all
 * of the container's namespaces, with its user, capabilities, limits, labels, environment and
 * seccomp filter, as `crun exec` would do it.
 *
 * Whoever enters must not be a way out: the process is not dumpable, so that nobody in the
 * container may look at it before it has become the container's own program, and the file it runs
 * from lies on a read-only mount (entrance_prepare()), so that a program that is called
 * /proc/self/exe cannot change it.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "state.h"

#include <linux/filter.h>
#include <stdint.h>
#include <sys/resource.h>

struct entrance_limit {
        int resource;
        struct rlimit limit;
};

struct entrance {
        int init;       /* owned; pidfd of the container's init */
        int namespaces; /* CLONE_NEW… flags of those that are not ours */
        struct strv env;
        char *cwd, *label, *label_file; /* owned; what is written where under /proc/self/attr */
        uid_t uid;
        gid_t gid;
        mode_t umask;
        gid_t *groups; /* owned */
        size_t group_count;
        uint64_t bounding, effective, permitted, inheritable, ambient; /* capabilities */
        struct entrance_limit *limits;                                 /* owned */
        size_t limit_count;
        int oom_score_adj;
        bool set_oom_score, no_new_privileges;
        struct sock_filter *filter; /* owned; the compiled seccomp filter, or NULL */
        size_t filter_count;
};

/* Make this process one that may enter containers. False where it cannot be: its program could be
 * written to from within. */
bool entrance_prepare(void);

/* EOPNOTSUPP where the configuration holds something that is not known here: let the runtime do
 * it. ESRCH where the container does not run. */
int entrance_open(const struct container_state *state, const char *run, struct entrance *ret,
                  struct error *err);
void entrance_close(struct entrance *entrance);
#define AUTO_ENTRANCE CLEANUP(entrance_close)

/*
 * Children of this process that are made from here on are in the container's process namespace, or
 * with NULL in our own again.
 */
int entrance_adopt_processes(const struct entrance *entrance_or_null, struct error *err);

/*
 * In such a child: become the program. Returns only on failure, with the exit status for it in the
 * error's code (126, 127, 125) and a message. Everything beyond standard error is closed.
 */
int entrance_execute(const struct entrance *entrance, char *const *args, struct error *err);
