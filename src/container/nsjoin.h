/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a container that starts gets the namespaces of others that it shares: the act behind
 * sharing.h.
 *
 * With a container's IPC namespace comes that container's /dev/shm, without which half of what
 * programs share there would be missing; a path says nothing of one, and the container has its own
 * then.
 */
#pragma once

#include "../base/error.h"
#include "place.h"
#include "sharing.h"

struct nsjoin {
        int fds[SHARING_KINDS]; /* owned; what sharing has paths of, or -1 */
        int shm;                /* owned; a mount that is nowhere yet, or -1 */
        struct sharing sharing; /* owned; shm is its path once it is mounted */
};

#define NSJOIN_NONE                                                                                \
        {                                                                                          \
                .fds = { -1, -1, -1, -1 }, .shm = -1                                               \
        }

/* Take them. users: the container's user namespace, or -1; nothing that belongs to another can be
 * joined with it. The process has one thread. ESRCH where a container is not running. */
int nsjoin_begin(const struct container_spec *spec, int users, struct nsjoin *ret,
                 struct error *err);

/* In the private mount namespace: mount what is to be bound into the container. */
int nsjoin_mount(struct nsjoin *nsjoin, const struct place *place, struct error *err);
void nsjoin_detach(struct nsjoin *nsjoin);
void nsjoin_free(struct nsjoin *nsjoin);
