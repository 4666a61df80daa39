/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What check.c and its parts share (check.h). */
#pragma once

#include "check.h"
#include "image.h"
#include "store-work.h"

/* A layer, once for each blob it is made of. */
struct check_layer {
        struct descriptor blob; /* its strings are owned */
        char *diff_id;          /* owned */
        struct strv images;     /* what has it */
        struct strv ids;        /* of the images */
        bool carried;           /* of another platform: the blob alone counts */
};

/* An image's layers that are directories. */
struct check_image {
        char *config_digest;  /* owned */
        struct strv diff_ids; /* lowest first */
        struct strv names;    /* what is it */
};

struct check {
        struct store *store;                 /* borrowed */
        const struct check_options *options; /* borrowed */
        struct work work;
        struct check_layer *layers; /* owned */
        size_t count;
        struct check_image *images; /* owned */
        size_t image_count;
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

/* Note an image's layers, for its cover; once. */
void check_add_stack(struct check *check, const struct manifest *manifest,
                     const struct image_config *config, const struct strv *names);
void check_image_free(struct check_image *image);
/* Compare the image's cover with what its layers ask for, when those have been looked at. */
int check_one_cover(struct check *check, const struct check_image *image, struct error *err);

/* Put name, of the work directory (NULL: nothing), into its place in the store; what was there is
 * in the work directory then. A container that has it mounted would lose its files: where one uses
 * an image of these ids, nothing is done, with EBUSY. */
int check_exchange(struct check *check, const char *name, const char *path, const struct strv *ids,
                   struct error *err);
