/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Namespaces of others that a container has, as --cgroupns, --ipc, --pid and --uts ask for them:
 * those of container:NAME or ns:PATH. Values; getting at them is nsjoin.h. Those of users and of
 * networks have modules of their own (userns.h, netjoin.h).
 */
#pragma once

#include "../base/error.h"
#include "spec.h"

enum sharing_kind {
        SHARING_CGROUP,
        SHARING_IPC,
        SHARING_PID,
        SHARING_UTS,
        SHARING_KINDS
};

/* What came of the modes. */
struct sharing {
        struct {
                char *path; /* owned; of another's namespace, or NULL */
                bool host;  /* it turned out to be the machine's: as with the mode `host` */
        } kinds[SHARING_KINDS];
        char *hostname; /* owned; of the one shared by --uts, or NULL */
        char *shm;      /* owned; path of the /dev/shm that comes with the IPC namespace, or NULL */
};

/* Whether the modes can be understood, and go with the rest of what is asked for; without looking
 * at the machine. */
int sharing_check(const struct container_spec *spec, struct error *err);

/* "pid", and what was given to it, borrowed; "" for nothing. */
const char *sharing_option(enum sharing_kind kind);
const char *sharing_mode(const struct container_spec *spec, enum sharing_kind kind);

void sharing_free(struct sharing *sharing);
