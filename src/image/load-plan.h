/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an archive holds and what has to be done with it, as a value: which images under which
 * names, and each layer once. load.c carries it out. Nothing is written here.
 */
#pragma once

#include "bundle.h"
#include "image.h"
#include "layer.h"
#include "transport.h"

struct load_layer {
        const struct bundle_member *member; /* borrowed from the bundle; NULL: the rootfs stream */
        struct stream *stream;              /* borrowed; for the rootfs, already open */
        char *diff_id;                      /* owned; what it has to be; NULL: rootfs */
        char *digest;                       /* owned; the blob's, where a manifest says it */
        uint64_t size;                      /* bytes; the blob's, with digest */
        char *media_type;                   /* owned; of the blob, for a new manifest */
        bool whole;                         /* a file system in one file: not unpacked */
        bool carried;    /* a blob that is only kept, as it is; diff_id is its digest */
        char *file_time; /* owned; of one that is elsewhere, and for a new manifest; or NULL */

        /* What carrying it out found. */
        bool unpacked; /* in the work directory, as layer.N */
        bool linked;   /* layer.N is a link to where another store has it */
        char *blob;    /* owned; the file in tmp/ that becomes the blob, or NULL */
        struct layer_result result;
};

/* A document between a name's descriptor and the layers, other than manifest and configuration. */
struct load_document {
        char *data; /* owned */
        size_t length;
        char *digest; /* owned */
};

struct load_image {
        struct strv names;        /* full names; none: the image gets none */
        struct json_object *base; /* owned; what a rootfs's configuration is made from, or NULL */
        char *config; /* owned; the document's bytes; NULL for a rootfs until it is made */
        size_t config_length;
        char *config_digest; /* owned */
        char *manifest;      /* owned; the document's bytes; NULL where one has to be made */
        size_t manifest_length;
        struct descriptor descriptor; /* owned; of the manifest, or of the index that stands there
                                         in its place: then the manifest is in documents */
        struct load_document *documents; /* owned */
        size_t document_count;
        size_t *layers; /* owned; places in load_plan.layers, lowest first */
        size_t layer_count;
};

struct load_plan {
        struct load_image *images; /* owned */
        size_t image_count;
        struct load_layer *layers; /* owned; none twice */
        size_t layer_count;
};

/* Which images of a bundle are wanted. */
struct load_wish {
        enum transport_kind transport; /* what the bundle has to be; TRANSPORT_NONE: anything */
        const char *select; /* borrowed; only the image of that name, or "@N"; NULL: all */
        bool all;           /* of an index, also what is for other platforms than this machine's */
};

/* The images of a bundle. A tar that is both kinds counts as OCI, which keeps the digests. ENOENT
 * where nothing is there that was wanted. */
int load_plan_bundle(struct bundle *bundle, const char *name, const struct load_wish *wish,
                     struct load_plan *ret, struct error *err);

/* One manifest of an OCI layout: what is in the store itself already. */
int load_plan_manifest(struct bundle *bundle, const struct descriptor *descriptor, const char *name,
                       struct load_plan *ret, struct error *err);

/* One image with one layer, which comes from an open stream (borrowed). */
void load_plan_rootfs(struct stream *stream, const char *name, struct load_plan *ret);

/* What the user says of such an image: a document (name is for messages) or NULL, and lines as
 * change.h has them, or NULL. */
int load_plan_describe_rootfs(struct load_plan *plan, struct json_object *document,
                              const char *name, const struct strv *changes, struct error *err);

/* The configuration of an image made of one tar or file, name for messages. ENOEXEC where it is for
 * another machine. */
int load_plan_finish_rootfs(struct load_plan *plan, const char *name, struct error *err);

/* Make the manifest of an image that came without one. */
void load_plan_make_manifest(struct load_plan *plan, struct load_image *image);

/* For other makers of plans. A layer is taken over; one with the same diff id and blob is there
 * once. Returns its place. */
struct load_image *load_plan_add_image(struct load_plan *plan);
size_t load_plan_add_layer(struct load_plan *plan, struct load_layer *layer);
void load_image_add_document(struct load_image *image, const char *data, size_t length,
                             const char *digest);

void load_plan_free(struct load_plan *plan);
#define AUTO_PLAN CLEANUP(load_plan_free)
