/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an index brought along for other platforms. */
#include "check-parts.h"

#include "carried.h"

static struct check_layer *check_find_blob(struct check *check, const char *digest)
{
        for (size_t i = 0; i < check->count; i++)
                if (str_equal(check->layers[i].blob.digest, digest))
                        return check->layers + i;
        return NULL;
}

static void check_add_blob(struct check *check, const struct carried_blob *blob, const char *image)
{
        struct check_layer *layer = check_find_blob(check, blob->digest);

        if (!layer) {
                const struct descriptor descriptor = { .digest = blob->digest, .size = blob->size };

                layer = check_add_layer(check, &descriptor,
                                        blob->diff_id ? blob->diff_id : blob->digest);
                layer->carried = true;
        }
        if (!strv_contains(&layer->images, image))
                strv_append(&layer->images, image);
}

void check_add_carried(struct check *check, const struct store_entry *entry)
{
        AUTO_CARRIED struct carried carried = { 0 };
        AUTO_STRV struct strv images = { 0 };

        carried_list(check->store, &entry->descriptor, &carried);
        strv_append(&images, entry->name ? entry->name : entry->descriptor.digest);
        for (size_t i = 0; i < carried.damaged_count; i++)
                check_report(check, CHECK_DAMAGED, &images, "manifest", carried.damaged[i].digest,
                             carried.damaged[i].damage);
        for (size_t i = 0; i < carried.blob_count; i++)
                check_add_blob(check, carried.blobs + i, images.items[0]);
}
