/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User namespaces, as descriptors: made before the container, so that its root file system, its
 * network and crun get the same one. A namespace lasts as long as a descriptor or a process of it.
 */
#pragma once

#include "../base/error.h"
#include "idmap.h"

#include <stdbool.h>

struct namespaces {
        int user; /* owned, as all here; or -1 */
        /* New ones that belong to it, or -1: an empty network, and what a pod has besides. */
        int network, ipc, uts;
};

#define NAMESPACES_NONE                                                                            \
        {                                                                                          \
                .user = -1, .network = -1, .ipc = -1, .uts = -1                                    \
        }

void namespaces_close(struct namespaces *namespaces);
#define AUTO_NAMESPACES CLEANUP(namespaces_close)

/* Make one with this mapping, and with what else is wanted: some of CLONE_NEWNET, CLONE_NEWIPC,
 * CLONE_NEWUTS. */
int namespace_make(const struct idmap *uids, const struct idmap *gids, int kinds,
                   struct namespaces *ret, struct error *err);

/* Take the one at that path, and find out its mapping. ret->user is -1 where it is our own. */
int namespace_open(const char *path, int kinds, struct namespaces *ret, struct idmap *ret_uids,
                   struct idmap *ret_gids, struct error *err);

/* How this process and its children name a descriptor of ours. Owned. */
char *namespace_path(int fd);
