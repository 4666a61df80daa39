/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ids of a container that starts: the act behind userns.h. It has a user namespace, its own or
 * another's, as long as this lasts, or none.
 */
#pragma once

#include "../base/error.h"
#include "../image/image.h"
#include "idmap.h"
#include "namespace.h"
#include "place.h"
#include "spec.h"

struct ids {
        struct idmap uids, gids;      /* owned, as all here; empty: the host's */
        struct namespaces namespaces; /* a network of its own only where networks are joined */
        char *path, *network_path;    /* of the namespaces while this process lives, or NULL */
        char *user;                   /* who the program runs as if nobody says, or NULL */
        bool forget;                  /* its block of ids ends with it */
};

#define IDS_NONE                                                                                   \
        {                                                                                          \
                .namespaces = NAMESPACES_NONE                                                      \
        }

/* A container of a pod that has a user namespace joins that one. image: with its layers; empty for
 * --rootfs. The place is the container's already. */
int ids_begin(const struct container_spec *spec, const struct image *image,
              const struct place *place, const char *storage, bool forget, struct ids *ret,
              struct error *err);
/* The same for a pod, whose containers join what is made: with some of CLONE_NEWNET, CLONE_NEWIPC,
 * CLONE_NEWUTS. */
int ids_begin_pod(const struct container_spec *spec, const char *label, const char *storage,
                  bool forget, int kinds, struct ids *ret, struct error *err);
void ids_free(struct ids *ids);

/* Whether there is a namespace, and whether files look different in it. */
bool ids_mapped(const struct ids *ids);
bool ids_shifted(const struct ids *ids);

/* Who the container's root is on the host. */
uint32_t ids_root_uid(const struct ids *ids);
uint32_t ids_root_gid(const struct ids *ids);

/* An owner in the container as the host has it; EINVAL where the container has no such ids. */
int ids_outside(const struct ids *ids, uint32_t *uid, uint32_t *gid, struct error *err);

/* What a writable layer was made for (layer-key.h). Owned. */
char *ids_layer_key(const struct ids *ids, const char *image_or_null);

/* The container has ended for good. */
void ids_end(const struct ids *ids, const struct place *place, const char *storage);
