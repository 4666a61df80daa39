/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images' covers (cover.h), when the layers they follow from have been looked at. */
#include "check-parts.h"

#include "../base/io.h"
#include "compare.h"
#include "cover.h"
#include "image.h"
#include "implied.h"
#include "reference.h"

#include <errno.h>
#include <fcntl.h>

#define CHECK_COVER "cover"

void check_image_free(struct check_image *image)
{
        free(image->config_digest);
        strv_free(&image->diff_ids);
        strv_free(&image->names);
}

void check_add_stack(struct check *check, const struct manifest *manifest,
                     const struct image_config *config, const struct strv *names)
{
        struct check_image *image;

        for (size_t i = 0; i < check->image_count; i++)
                if (str_equal(check->images[i].config_digest, manifest->config.digest))
                        return;
        check->images = alloc_grow(check->images, check->image_count + 1, sizeof *check->images);
        image = check->images + check->image_count++;
        *image = (struct check_image){ .config_digest = str_dup(manifest->config.digest) };
        strv_append_all(&image->names, names);
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (descriptor_is_file(manifest->layers + i))
                        strv_free(&image->diff_ids);
                else if (!image_layer_is_hidden(config, i))
                        strv_append(&image->diff_ids, config->diff_ids.items[i]);
}

/* 0: a layer is not there, which has been reported. */
static int check_open_layers(const struct check *check, const struct check_image *image,
                             struct cover_layer *layers, size_t *ret_count, struct error *err)
{
        for (size_t i = 0; i < image->diff_ids.count; i++) {
                const char *hex = digest_hex(image->diff_ids.items[i]);
                AUTO_FREE char *path = str_format("layers/%s", hex);
                AUTO_FREE char *note = str_format("implied/%s", hex);

                layers[i].fd = openat(check->store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (layers[i].fd < 0)
                        return errno == ENOENT ? 0
                                               : error_errno(err, errno, "cannot open %s", path);
                ++*ret_count;
                if (implied_read(check->store->fd, note, &layers[i].implied, err) < 0)
                        return -1;
        }
        return 1;
}

/* Make in the work directory what should be there: 1; 0: nothing should; 2: nobody can say. */
static int check_make_cover(struct check *check, const struct check_image *image, struct error *err)
{
        struct cover_layer *layers = alloc_zero(image->diff_ids.count, sizeof *layers);
        size_t count = 0;
        int result = check_open_layers(check, image, layers, &count, err);

        if (result == 0)
                result = 2;
        else if (result > 0)
                result = cover_make(check->work.fd, CHECK_COVER, layers, count,
                                    check->options->cancel, err);
        cover_layers_free(layers, count);
        return result;
}

/* How does what is there differ? Owned by the caller; NULL: it does not. */
static int check_compare_cover(const struct check *check, const char *path, bool wanted,
                               char **ret_how, struct error *err)
{
        AUTO_CLOSE int found =
                openat(check->store->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSE int right = -1;
        AUTO_FREE char *difference = NULL;

        if (found < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot open %s", path);
        if (found < 0 || !wanted) {
                *ret_how = found < 0 && !wanted
                                   ? NULL
                                   : str_dup(wanted ? "is missing" : "is there and should not be");
                return 0;
        }
        right = openat(check->work.fd, CHECK_COVER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (right < 0)
                return error_errno(err, errno, "cannot open tmp/%s", check->work.name);
        if (compare_trees(found, right, check->options->cancel, &difference, err) < 0)
                return -1;
        *ret_how = difference ? str_format("is damaged: %s", difference) : NULL;
        return 0;
}

static int check_repair_cover(struct check *check, const struct check_image *image,
                              const char *path, bool wanted, const char *how, struct error *err)
{
        AUTO_STRV struct strv ids = { 0 };
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *text = NULL;

        strv_append(&ids, digest_hex(image->config_digest));
        if (!check->options->repair) {
                check_report(check, CHECK_DAMAGED, &image->names, "cover", image->config_digest,
                             how);
                return 0;
        }
        if (check_exchange(check, wanted ? CHECK_COVER : NULL, path, &ids, &reason) == 0) {
                check_report(check, CHECK_REPAIRED, &image->names, "cover", image->config_digest,
                             how);
                return 0;
        }
        if (reason.code != EBUSY)
                return error_set(err, reason.code, "%s", reason.message);
        text = str_format("%s; %s", how, reason.message);
        check_report(check, CHECK_DAMAGED, &image->names, "cover", image->config_digest, text);
        return 0;
}

int check_one_cover(struct check *check, const struct check_image *image, struct error *err)
{
        AUTO_FREE char *path = str_format("covers/%s", digest_hex(image->config_digest));
        AUTO_FREE char *how = NULL;
        int result = check_make_cover(check, image, err);
        bool wanted = result == 1;

        if (result == 0 || result == 1)
                result = check_compare_cover(check, path, wanted, &how, err);
        if (result == 0 && how)
                result = check_repair_cover(check, image, path, wanted, how, err);
        if (io_remove_tree(check->work.fd, CHECK_COVER, result < 0 ? NULL : err) < 0)
                return -1;
        return result < 0 ? -1 : 0;
}
