/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --filter of the commands that list or prune images, as podman's: until, since, before, label,
 * label!, reference, id, digest, dangling, containers. Different keys have to match all, several of
 * the same key one; of labels all.
 */
#pragma once

#include "../image/image.h"

#include <stdint.h>

struct image_filter {
        struct image_condition *conditions; /* owned */
        size_t count;
};

/* What the conditions are compared with. */
struct image_subject {
        const struct image *image; /* borrowed */
        bool dangling;             /* no descriptor gives it a name */
        bool used;                 /* by a container */
};

/* Read "KEY=VALUE" or "KEY!=VALUE" each. Images that a value names are looked up in the store. */
int image_filter_parse(const struct strv *texts, struct store *store, struct image_filter *ret,
                       struct error *err);
bool image_filter_matches(const struct image_filter *filter, const struct image_subject *subject);
void image_filter_free(struct image_filter *filter);
#define AUTO_IMAGE_FILTER CLEANUP(image_filter_free)
