/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file system of a container, reached from outside: of one that runs through its init, with all
 * that is mounted in it; of one that has ended and is kept (--rm=false) by mounting its layers once
 * more, in a mount namespace of this process's own, which is why a process does this but once.
 *
 * Nothing in there can be believed: paths are resolved with io_open_in_root() below `root` alone.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "state.h"

struct vantage {
        struct container_state state;
        char *run; /* owned; where its state stands */
        int root;  /* owned; its root directory */
        bool running;
        uint32_t uid, gid; /* the user it runs as, in the host's numbers */
};

#define VANTAGE_NONE                                                                               \
        {                                                                                          \
                .root = -1                                                                         \
        }

struct vantage_stores {
        const char *storage;           /* the store's directory */
        const struct strv *additional; /* directories of stores that are only read */
};

/* ENOENT where there is no such container, or nothing of it is kept. */
int vantage_open(const char *name, const struct vantage_stores *stores, struct vantage *ret,
                 struct error *err);
void vantage_close(struct vantage *vantage);
#define AUTO_VANTAGE CLEANUP(vantage_close)

/*
 * The two sides of what a container changed: what it wrote (overlayfs's upper directory), and what
 * it began with, mounted read-only in a mount namespace of our own. For any container, running or
 * kept. The descriptors are owned by the caller.
 */
int vantage_open_layers(const char *name, const struct vantage_stores *stores, int *ret_upper,
                        int *ret_lower, struct error *err);
