/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `crun create`, watched: it can be stopped at any moment, and leaves nothing then. It is begun
 * before its configuration is there where that is possible (gate.h).
 */
#pragma once

#include "../base/error.h"
#include "process.h"

struct crun;
struct crun_stdio;

enum {
        CREATE_REFUSED = -1 /* error code: crun itself said what is wrong (and on stderr as well) */
};

/* What only some containers have. */
struct create_options {
        const char *console_socket; /* path, or NULL */
        int preserve_fds;
        const char *config; /* path of the configuration; NULL: the bundle's config.json */
        int say;            /* descriptor to write the init's number to; 0: the bundle's pid */
};

/* Make this process the one that inherits what crun leaves behind: the container's init. Not for a
 * container that is handed over: systemd watches its own children only. */
int create_adopt(struct error *err);

/* Begin to create the container of the bundle. */
int create_begin(const struct crun *crun, const char *bundle, const struct crun_stdio *stdio,
                 const struct create_options *options, pid_t *ret_crun, struct error *err);

/* Wait until that crun has created it. ret_init is its init, which waits for its start. said: where
 * the number is to be read, or -1. *pid is 0 when crun is gone by then. Error codes:
 * CREATE_REFUSED, or EINTR when we were told to stop. */
int create_await(const struct crun *crun, const char *bundle, int said, pid_t *pid,
                 struct process_id *ret_init, struct error *err);

/* And until it is gone, without a complaint: only then its children are those of others. */
int create_finish(const struct crun *crun, pid_t *pid, struct error *err);

/* End a crun that has been begun. */
void create_cancel(pid_t pid);

/* Kill all our children, and theirs that come to us, and wait until they are gone. */
void create_kill_children(void);
