/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An index of several platforms on its way out of the store, with all that it leads to, byte for
 * byte: the manifests compared with their digests, the blobs open, so that the store may be closed.
 * What was pulled has one platform only; what `crunit load --all` loaded has all of them. An image
 * that is no index is whole as well.
 */
#pragma once

#include "../base/error.h"

#include "manifest.h"
#include "store.h"

struct whole_document {
        char *digest, *media_type, *data; /* owned */
        size_t length;
        bool is_index;
};

struct whole_blob {
        char *digest; /* owned */
        uint64_t size;
        bool config; /* rather than a layer */
        int fd;      /* owned; to be read with pread(2) */
};

struct whole {
        char *name; /* owned; the full name, where it was found by one, or NULL */
        struct whole_document *documents; /* owned; none twice, each behind those it names: the last
                                             one is what the name leads to */
        size_t document_count;
        struct whole_blob *blobs; /* owned; none twice */
        size_t blob_count;
};

/* Read what reference means (store_find). ENODATA where something of it is not in the store,
 * EBADMSG where a document is damaged. */
int whole_read(struct store *store, const char *reference, struct whole *ret, struct error *err);
void whole_free(struct whole *whole);
#define AUTO_WHOLE CLEANUP(whole_free)

/* What the name leads to. */
const struct whole_document *whole_top(const struct whole *whole);
