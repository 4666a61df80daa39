/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How `crunit images` shows images: a table with a line for each name, JSON with an object for each
 * image, text of a template for each name (template.h), or ids. Templates know the members of the
 * JSON, and as podman has them those of the table: ID, Repository, Tag, Created, Size.
 */
#pragma once

#include "../base/error.h"
#include "../image/image.h"

#include <stdint.h>

/* One line: an image under one of its names. */
struct images_row {
        struct image image;
        uint64_t size;  /* bytes of its blobs */
        bool used;      /* by a container */
        bool read_only; /* of an additional store */
};

struct images_view {
        const char *format_or_null; /* borrowed */
        bool quiet, digests, full_ids, no_heading;
};

int images_view_print(const struct images_view *view, const struct images_row *rows, size_t count,
                      struct error *err);
