/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What check.c, check-carried.c and check-documents.c share (check.h). */
#pragma once

#include "check.h"
#include "image.h"
#include "store-work.h"

/* A layer, once for each blob it is made of. */
struct check_layer {
        struct descriptor blob; /* its strings are owned */
        char *diff_id;          /* owned */
        struct strv images;     /* what has it */
        struct strv below;      /* diff ids of the layers below it, in the first of these images */
        struct strv ids;        /* of the images */
        bool carried;           /* of another platform: the blob alone counts */
};

struct check {
        struct store *store;                 /* borrowed */
        const struct check_options *options; /* borrowed */
        struct work work;
        struct check_layer *layers; /* owned */
        size_t count;
        int damages;
};

/* "WHAT DIGEST HOW", to the caller. */
void check_report(struct check *check, enum check_kind kind, const struct strv *images,
                  const char *what, const char *digest, const char *how);

/* Add the blobs of other platforms that the store has for this entry, behind all layers of images:
 * what is one of those is checked with them. */
void check_add_carried(struct check *check, const struct store_entry *entry);

/* A layer of that blob and diff id, made where there is none. */
struct check_layer *check_add_layer(struct check *check, const struct descriptor *blob,
                                    const char *diff_id);

/* Read an image's documents whole and compare their digests: 1, or 0 where something is wrong,
 * which has been reported. Indexes lead to other platforms' manifests, which need not be here. */
int check_find_manifest(struct check *check, const struct descriptor *descriptor,
                        const struct strv *images, struct manifest *ret);
int check_find_config(struct check *check, const struct manifest *manifest,
                      const struct strv *images, struct image_config *ret);
