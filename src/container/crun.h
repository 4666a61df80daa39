/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running crun. It protects its own binary from the container by executing itself a second time
 * from a read-only copy; we start it from a read-only clone of its mount at once, which is the
 * same protection for one execve less ("_LIBCRUN_CLONED_BINARY=1" tells it so). Where the kernel
 * does not let us, it is started by its path and protects itself.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Who puts the container into a control group. */
enum crun_cgroups {
        CRUN_CGROUPS_NONE,    /* nobody: it stays in ours, whose limits systemd holds */
        CRUN_CGROUPS_SYSTEMD, /* crun asks systemd for a scope */
        CRUN_CGROUPS_FILES,   /* crun makes one itself */
};

struct crun {
        char *path; /* owned; of the program */
        int clone;  /* owned; read-only clone of it, or -1 */
        char *root; /* owned; crun's --root */
        char *log;  /* owned; crun writes its errors there too */
        char *id;   /* owned; of the container */
        enum crun_cgroups cgroups;
        sigset_t signals; /* what crun starts with */
};

/* Descriptors of the new process; -1: ours. */
struct crun_stdio {
        int in, out, err;
        int kept[2]; /* more of them, under their own numbers; 0: none */
};

/* Find the program (a path, or a name looked up in $PATH; NULL: crun) and clone it. run: the
 * container's run directory; the log and crun's root lie in it. */
int crun_open(const char *program, const char *run, const char *id, struct crun *ret,
              struct error *err);
void crun_close(struct crun *crun);
#define AUTO_CRUN CLEANUP(crun_close)

/* How many sockets systemd gave to this very process; they go on to the container. */
unsigned crun_listen_fds(void);

/*
 * Keep what the caller left open from crun and from everything else that is executed from here on,
 * but for the preserved descriptors (3 …), those of socket activation first. A directory of the
 * host that crun still has when it goes to the container's working directory could be that
 * directory (/proc/self/fd/7, says the image); crun looks for it only since 1.14.
 */
int crun_close_inherited(unsigned preserved, struct error *err);

/* Make crun's root, with a cache of compiled seccomp filters that all containers share. */
int crun_make_root(const struct crun *crun, struct error *err);

/* The directory of filters that it gets ready (filter-cache.h); owned by the caller. */
char *crun_filters(void);

/* Remove the filters of that cache, and the ready ones; 1 where there was one. crun believes
 * what it finds there, and damaged it would fail every start. Containers keep their own names of
 * the files. */
int crun_forget_cache(struct error *err);

/* Begin a command line: program, global options, verb. */
void crun_command(const struct crun *crun, const char *verb, struct strv *ret_args);

/* Start it; NOTIFY_SOCKET is kept from it. */
int crun_spawn(const struct crun *crun, const struct strv *args, const struct crun_stdio *stdio,
               pid_t *ret_pid, struct error *err);

/* Become it. Returns only on failure. */
int crun_exec(const struct crun *crun, const struct strv *args, struct error *err);

/* Start it and wait. Returns its exit status, -1 where it could not be started or was killed. Its
 * output goes to /dev/null. */
int crun_run_quiet(const struct crun *crun, const struct strv *args, struct error *err);

/* The last error crun logged, without its end of line; NULL where there is none. Owned. */
char *crun_last_error(const struct crun *crun);

/* The exit status podman gives for such a message: 127 the program does not exist, 126 it cannot
 * be executed, 125 anything else. */
int crun_error_status(const char *message_or_null);
