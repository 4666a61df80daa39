/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image on its way out of the store: its documents as they came, compared with their digests,
 * and its layers' blobs, open: once it is read, the store may be closed, and whoever waits for its
 * lock need not wait for a slow receiver. What came in one form leaves in that form, byte for byte;
 * only where the place it goes to knows no other form is the manifest written anew, with other
 * media types and thus another digest. The configuration and the blobs stay as they are in any
 * case, and with them the image's id.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include "manifest.h"
#include "store.h"

enum outgoing_form {
        OUTGOING_OCI,    /* OCI image manifest */
        OUTGOING_DOCKER, /* Docker image manifest, version 2, schema 2 */
};

struct outgoing {
        char *name; /* owned, as are all of these; the full name, where it was found by one, or NULL
                     */
        char *document, *media_type, *digest; /* the manifest */
        size_t document_length;
        char *config; /* the configuration; of manifest.config.digest */
        size_t config_length;
        struct strv diff_ids;     /* of the layers, lowest first */
        struct manifest manifest; /* document, read */
        int *blobs;               /* of the layers; to be read with pread(2) */
        bool converted;           /* document is not what is in the store */
};

/* Read what reference means (store_find). ENODATA where a layer's blob is not in the store, EBADMSG
 * where a document is damaged. */
int outgoing_read(struct store *store, const char *reference, struct outgoing *ret,
                  struct error *err);
void outgoing_free(struct outgoing *outgoing);
#define AUTO_OUTGOING CLEANUP(outgoing_free)

/* Is it in that form already? */
bool outgoing_has_form(const struct outgoing *outgoing, enum outgoing_form form);

/* Write the manifest in that form, unless it has it. EBADMSG where the form has no word for a
 * layer.
 */
int outgoing_convert(struct outgoing *outgoing, enum outgoing_form form, struct error *err);

/* Layer i has become another blob (fd, taken over) that unpacks to the same; the manifest has to be
 * written anew after that. suffix is "", "+gzip" or "+zstd". */
void outgoing_replace_layer(struct outgoing *outgoing, size_t i, int fd, const char *digest,
                            uint64_t size, const char *suffix);
void outgoing_rewrite(struct outgoing *outgoing);

/* "", "+gzip", "+zstd", as the layer's media type says; NULL where it says something else. */
const char *outgoing_suffix(const struct outgoing *outgoing, size_t i);

/* --- for whole indexes (whole.h) */

/* Did text mean the entry by its name, rather than by an id or a digest? */
bool outgoing_is_name(const struct store_entry *entry, const char *text);

/* The bytes of a document (owned by the caller, NUL-terminated), which have the digest they are
 * named by: else EBADMSG. */
int outgoing_read_document(struct store *store, const char *digest, size_t max, char **ret_data,
                           size_t *ret_length, struct error *err);

/* A blob, to be read with pread(2). ENODATA where it is not there, EBADMSG where it has another
 * size. */
int outgoing_open_blob(struct store *store, const struct descriptor *blob, int *ret_fd,
                       struct error *err);
