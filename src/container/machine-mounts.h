/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Going to the mount namespace of the machine (that of process 1), for what all containers share,
 * or to another, and back. The process has one thread and owns its working directory. */
#pragma once

#include "../base/error.h"

struct machine_mounts {
        int own;  /* owned; the namespace we came from, or -1: it is the machine's */
        int root; /* owned; what "/" was there */
        int here; /* owned; the working directory, or -1 where it is closed to us */
};

#define MACHINE_MOUNTS_NONE ((struct machine_mounts){ .own = -1, .root = -1, .here = -1 })

int machine_mounts_enter(struct machine_mounts *ret, struct error *err);
/* The same for the mount namespace behind a descriptor, which stays the caller's. */
int machine_mounts_visit(int mounts, struct machine_mounts *ret, struct error *err);
int machine_mounts_leave(struct machine_mounts *mounts, struct error *err);
