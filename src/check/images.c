/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images that are not in the store: nothing is wrong with that, but the first start takes longer,
 * or fails where nothing may be pulled. */
#include "check.h"

#include "../image/image.h"

#include <errno.h>

/* A .image or .build file of the set makes it. */
static bool is_made_here(const struct check *check, const char *image)
{
        for (size_t i = 0; i < check->set.count; i++) {
                const struct unit_source *source = &check->set.sources[i];

                if ((str_equal(source->type->section, "Image") ||
                     str_equal(source->type->section, "Build")) &&
                    str_equal(source->resource, image))
                        return true;
        }
        return false;
}

static void check_image(struct check *check, const struct check_unit *unit, struct store *store)
{
        AUTO_IMAGE struct image image = { 0 };
        AUTO_ERROR struct error err = { 0 };
        const struct unit_line *line = unit_last(&unit->source->file, "Container", "Image");

        if (image_open(store, unit->image, &image, &err) == 0)
                return;
        if (err.code != ENOENT)
                check_report(check, unit, REPORT_WARNING, unit_value_place(line), "%s",
                             err.message);
        else if (unit->pull_never)
                check_report(check, unit, REPORT_WARNING, unit_value_place(line),
                             "image %s is not in the store, and Pull=never", unit->image);
        else
                check_report(check, unit, REPORT_INFO, unit_value_place(line),
                             "image %s is not in the store", unit->image);
}

void check_images(struct check *check)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_ERROR struct error err = { 0 };

        if (!check->options.storage)
                return;
        if (store_open(check->options.storage, STORE_READ, &store, &err) < 0) {
                report_at(&check->report, REPORT_INFO, (struct error_place){ 0 },
                          "images are not looked for: %s", err.message);
                return;
        }
        for (size_t i = 0; i < check->count; i++) {
                const struct check_unit *unit = &check->units[i];

                if (unit->image && !check_is_open(unit->image) && !is_made_here(check, unit->image))
                        check_image(check, unit, &store);
        }
}
