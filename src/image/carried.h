/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an index in the store leads to beside this machine's image: the manifests of other platforms
 * and attestations, and their blobs, none of which are unpacked. `crunit load --all` brings them,
 * and tools that copy whole indexes into the store. A manifest that is not here is not missing, as
 * nobody asked for that platform; of one that is here, all blobs have to be.
 */
#pragma once

#include "store.h"

struct carried_document {
        char *digest;  /* owned */
        uint64_t size; /* bytes, as its descriptor says */
        char *damage;  /* owned; what is wrong with it */
};

struct carried_blob {
        char *digest;  /* owned */
        char *diff_id; /* owned; of a layer whose configuration is here, or NULL */
        uint64_t size; /* bytes, as its descriptor says */
};

/* None is there twice, but blobs with several diff ids. */
struct carried {
        struct carried_document *damaged; /* owned; manifests and indexes */
        size_t damaged_count;
        struct carried_blob *blobs; /* owned; configurations and layers */
        size_t blob_count;
};

/* The store is locked. What cannot be read of the way to this machine's image is left out: who
 * reads that image says so. */
void carried_list(struct store *store, const struct descriptor *top, struct carried *ret);
void carried_free(struct carried *carried);
#define AUTO_CARRIED CLEANUP(carried_free)

/* Is the blob not in the store, and not unpacked either, for an image with a name of its own? */
bool carried_is_missing(const struct store *store, const struct carried_blob *blob);
