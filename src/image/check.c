/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check-parts.h"

#include "../base/io.h"
#include "compare.h"
#include "digest.h"
#include "implied.h"
#include "layer.h"
#include "reference.h"
#include "store-change.h"
#include "verified.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_LAYER   "layer"
#define CHECK_REMOVED "removed"

static void check_end(struct check *check)
{
        for (size_t i = 0; i < check->count; i++) {
                descriptor_free(&check->layers[i].blob);
                free(check->layers[i].diff_id);
                strv_free(&check->layers[i].images);
                strv_free(&check->layers[i].ids);
        }
        free(check->layers);
        for (size_t i = 0; i < check->image_count; i++)
                check_image_free(check->images + i);
        free(check->images);
        work_end(&check->work);
}

/* --- what there is to check */

struct check_layer *check_add_layer(struct check *check, const struct descriptor *blob,
                                    const char *diff_id)
{
        struct check_layer *layer;

        for (size_t i = 0; i < check->count; i++)
                if (str_equal(check->layers[i].diff_id, diff_id) &&
                    str_equal(check->layers[i].blob.digest, blob->digest))
                        return check->layers + i;
        check->layers = alloc_grow(check->layers, check->count + 1, sizeof *check->layers);
        layer = check->layers + check->count++;
        *layer = (struct check_layer){ .diff_id = str_dup(diff_id) };
        layer->blob.digest = str_dup(blob->digest);
        layer->blob.media_type = str_dup(blob->media_type);
        layer->blob.size = blob->size;
        return layer;
}

static void check_add_image(struct check *check, const struct store_entry *entry)
{
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };
        AUTO_STRV struct strv images = { 0 };

        strv_append(&images, entry->name ? entry->name : entry->descriptor.digest);
        if (check_find_manifest(check, &entry->descriptor, &images, &manifest) <= 0 ||
            check_find_config(check, &manifest, &images, &config) <= 0)
                return;
        check_add_stack(check, &manifest, &config, &images);
        for (size_t i = 0; i < manifest.layer_count; i++) {
                struct check_layer *layer =
                        check_add_layer(check, manifest.layers + i, config.diff_ids.items[i]);

                if (!strv_contains(&layer->images, images.items[0])) {
                        strv_append_all(&layer->images, &images);
                        strv_append(&layer->ids, digest_hex(manifest.config.digest));
                }
        }
}

/* The entries that are meant: all, where none is named. Borrowed from entries. */
static int check_choose(struct check *check, char *const *references,
                        const struct store_entry *entries, size_t count,
                        const struct store_entry ***ret, size_t *ret_count, struct error *err)
{
        AUTO_FREE const struct store_entry **chosen = NULL;
        size_t n = 0;

        for (; !*references && n < count; n++) {
                chosen = alloc_grow(chosen, n + 1, sizeof(struct store_entry *));
                chosen[n] = entries + n;
        }
        for (; *references; references++, n++) {
                chosen = alloc_grow(chosen, n + 1, sizeof(struct store_entry *));
                if (store_find(check->store, *references, entries, count, &chosen[n], err) < 0)
                        return -1;
        }
        *ret = steal_ptr(&chosen);
        *ret_count = n;
        return 0;
}

/* A document that several entries lead to is read again for each; they are small. */
static int check_add_all(struct check *check, char *const *references,
                         const struct store_entry *entries, size_t count, struct error *err)
{
        AUTO_FREE const struct store_entry **chosen = NULL;
        size_t n = 0;

        if (check_choose(check, references, entries, count, &chosen, &n, err) < 0)
                return -1;
        for (size_t i = 0; i < n; i++)
                check_add_image(check, chosen[i]);
        for (size_t i = 0; i < n; i++)
                check_add_carried(check, chosen[i]);
        return 0;
}

static int check_list(struct check *check, char *const *references, struct error *err)
{
        AUTO_STRV struct strv keep = { 0 };
        struct store_entry *entries;
        size_t count;
        int result;

        if (store_list(check->store, &entries, &count, err) < 0)
                return -1;
        result = check_add_all(check, references, entries, count, err);
        store_list_free(entries, count);
        for (size_t i = 0; i < check->count; i++) {
                strv_append(&keep, check->layers[i].blob.digest);
                strv_append(&keep, check->layers[i].diff_id);
        }
        return result < 0 ? -1 : work_keep(&check->work, &keep, err);
}

/* --- blobs and layers */

/* 1: the file has the digest it is named by; 0: it has not, or cannot be read. */
static int check_digest(struct check *check, int fd, const char *digest, struct error *err)
{
        enum {
                BUFFER = 256 << 10
        };
        AUTO_FREE char *buffer = alloc_zero(BUFFER, 1);
        AUTO_FREE char *found = NULL;
        struct digest sum;
        off_t done = 0;
        ssize_t n;

        digest_begin(&sum);
        while ((n = pread(fd, buffer, BUFFER, done)) > 0) {
                digest_update(&sum, buffer, (size_t)n);
                done += n;
                if (check->options->cancel && *check->options->cancel)
                        return error_set(err, EINTR, "interrupted");
        }
        found = digest_end(&sum);
        return n == 0 && str_equal(found, digest);
}

/* Unpack the blob into the work directory. 1: it is what it should be; 0: it is not, and the reason
 * says how. */
static int check_unpack(struct check *check, const struct check_layer *layer, int fd,
                        struct layer_result *ret, struct error *reason, struct error *err)
{
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_FREE char *digest = NULL;
        AUTO_FREE char *diff_id = NULL;
        AUTO_CLOSE int top = -1;
        struct stream_source source = { .fd = fd,
                                        .positioned = true,
                                        .size = STREAM_UNKNOWN_SIZE,
                                        .copy = -1,
                                        .no_digest = true,
                                        .cancel = check->options->cancel,
                                        .name = "it" };
        uint64_t size;

        if (mkdirat(check->work.fd, CHECK_LAYER, 0755) < 0 ||
            (top = openat(check->work.fd, CHECK_LAYER, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
            fchmod(top, 0755) < 0)
                return error_errno(err, errno, "cannot make tmp/%s/" CHECK_LAYER, check->work.name);
        if (stream_open(&source, &stream, reason) < 0 ||
            layer_unpack(stream, "it", top, ret, reason) < 0 ||
            stream_finish(stream, &digest, &diff_id, &size, reason) < 0)
                return 0;
        if (str_equal(diff_id, layer->diff_id))
                return 1;
        error_set(reason, EBADMSG, "unpacked it is not what the image says");
        return 0;
}

/* Is one of these images used by a container? Its name, borrowed, or NULL. */
static const char *check_find_user(const struct strv *ids, struct json_object *used)
{
        struct json_object *container = NULL;

        for (size_t i = 0; i < ids->count; i++)
                if (json_object_object_get_ex(used, ids->items[i], &container))
                        return json_object_get_string(container);
        return NULL;
}

static int check_exchange_locked(struct check *check, const char *name, const char *path,
                                 const struct strv *ids, struct error *err)
{
        AUTO_JSON struct json_object *used = NULL;
        bool there = faccessat(check->store->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        const char *user;
        int result;

        if (store_used_ids(check->store->root, false, &used, err) < 0)
                return -1;
        user = check_find_user(ids, used);
        if (user)
                return error_set(err, EBUSY, "%s uses it: stop it first", user);
        result = name ? renameat2(check->work.fd, name, check->store->fd, path,
                                  there ? RENAME_EXCHANGE : RENAME_NOREPLACE)
                      : renameat(check->store->fd, path, check->work.fd, CHECK_REMOVED);
        return result < 0 ? error_errno(err, errno, "cannot replace %s", path) : 0;
}

int check_exchange(struct check *check, const char *name, const char *path, const struct strv *ids,
                   struct error *err)
{
        int result;

        if (syncfs(check->work.fd) < 0)
                return error_errno(err, errno, "cannot write to %s", check->store->root);
        if (store_lock(check->store, STORE_EXCLUSIVE, err) < 0)
                return -1;
        result = check_exchange_locked(check, name, path, ids, err);
        store_unlock(check->store);
        if (io_remove_tree(check->work.fd, CHECK_REMOVED, result < 0 ? NULL : err) < 0)
                return -1;
        return result;
}

/* Put the tree of the work directory into the layer's place, and the note beside it. */
static int check_replace_layer(struct check *check, const struct check_layer *layer,
                               const struct layer_result *result, struct error *err)
{
        AUTO_FREE char *path = str_format("layers/%s", digest_hex(layer->diff_id));
        AUTO_FREE char *note = str_format("implied/%s", digest_hex(layer->diff_id));

        if (implied_write(check->store->fd, note, &result->implied, err) < 0)
                return -1;
        return check_exchange(check, CHECK_LAYER, path, &layer->ids, err);
}

static int check_repair_layer(struct check *check, const struct check_layer *layer,
                              const struct layer_result *result, const char *how, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *text = NULL;

        if (!check->options->repair) {
                check_report(check, CHECK_DAMAGED, &layer->images, "layer", layer->diff_id, how);
                return 0;
        }
        if (check_replace_layer(check, layer, result, &reason) == 0) {
                check_report(check, CHECK_REPAIRED, &layer->images, "layer", layer->diff_id, how);
                return 0;
        }
        if (reason.code != EBUSY)
                return error_set(err, reason.code, "%s", reason.message);
        text = str_format("%s; %s", how, reason.message);
        check_report(check, CHECK_DAMAGED, &layer->images, "layer", layer->diff_id, text);
        return 0;
}

/* What is noted of the layer belongs to it. */
static int check_compare_trees(struct check *check, const struct check_layer *layer, int found,
                               int right, const struct layer_result *result, char **ret_difference,
                               struct error *err)
{
        AUTO_FREE char *note = str_format("implied/%s", digest_hex(layer->diff_id));
        AUTO_STRV struct strv implied = { 0 };
        int differs = compare_trees(found, right, check->options->cancel, ret_difference, err);

        if (differs)
                return differs;
        if (implied_read(check->store->fd, note, &implied, NULL) == 0 &&
            strv_equal(&implied, &result->implied))
                return 0;
        *ret_difference = str_dup("the note of directories that it has no entry for is wrong");
        return 1;
}

/* The blob is right, and unpacked in the work directory. */
static int check_compare_layer(struct check *check, const struct check_layer *layer,
                               const struct layer_result *result, struct error *err)
{
        AUTO_FREE char *path = str_format("layers/%s", digest_hex(layer->diff_id));
        AUTO_FREE char *difference = NULL;
        AUTO_CLOSE int right =
                openat(check->work.fd, CHECK_LAYER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSE int found = openat(check->store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (right < 0 || (found < 0 && errno != ENOENT))
                return error_errno(err, errno, "cannot open layer %s", layer->diff_id);
        if (found < 0)
                return check_repair_layer(check, layer, result, "is not unpacked", err);
        switch (check_compare_trees(check, layer, found, right, result, &difference, err)) {
        case 0: {
                AUTO_FREE char *blob =
                        str_format("blobs/sha256/%s", digest_hex(layer->blob.digest));

                verified_note(check->store->fd, blob, layer->diff_id);
                return 0;
        }
        case 1: {
                AUTO_FREE char *how = str_format("is damaged: %s", difference);

                return check_repair_layer(check, layer, result, how, err);
        }
        default:
                return -1;
        }
}

/* A blob that is not what it is named by is in everybody's way. */
static int check_drop_blob(struct check *check, const struct check_layer *layer, struct error *err)
{
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(layer->blob.digest));
        AUTO_FREE char *text = NULL;

        if (!check->options->repair) {
                check_report(check, CHECK_DAMAGED, &layer->images, "blob", layer->blob.digest,
                             "is damaged: its digest is another");
                return 0;
        }
        if (unlinkat(check->store->fd, path, 0) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot remove %s", path);
        text = layer->carried
                       ? str_dup("was damaged and is removed: `crunit load --all` brings it again, "
                                 "from where it came from")
                       : str_format("was damaged and is removed: `crunit pull %s` brings it again, "
                                    "or load it from where it came from",
                                    layer->images.items[0]);
        check_report(check, CHECK_DAMAGED, &layer->images, "blob", layer->blob.digest, text);
        return 0;
}

static int check_missing_blob(struct check *check, const struct check_layer *layer)
{
        AUTO_FREE char *path = str_format("layers/%s", digest_hex(layer->diff_id));

        if (faccessat(check->store->fd, path, F_OK, 0) == 0)
                check_report(check, CHECK_UNCHECKED, &layer->images, "layer", layer->diff_id,
                             "is there without its blob, and cannot be compared with it");
        else
                check_report(check, CHECK_DAMAGED, &layer->images, "blob", layer->blob.digest,
                             layer->carried ? "is missing"
                                            : "is missing, and its layer is not unpacked");
        return 0;
}

/* A file system in one file is mounted as it is, and may be somebody else's. */
static void check_file_layer(struct check *check, const struct check_layer *layer)
{
        check_report(check, CHECK_DAMAGED, &layer->images, "file", layer->blob.digest,
                     "is damaged: its digest is another");
}

static int check_layer_files(struct check *check, const struct check_layer *layer, int fd,
                             struct error *err)
{
        CLEANUP(layer_result_free) struct layer_result result = { 0 };
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *how = NULL;
        int right = check_unpack(check, layer, fd, &result, &reason, err);

        if (right < 0)
                return -1;
        if (right)
                return check_compare_layer(check, layer, &result, err);
        if (reason.code == EINTR || reason.code == ENOSPC || reason.code == EDQUOT)
                return error_set(err, reason.code, "%s", reason.message);
        how = str_format("cannot be unpacked: %s", reason.message);
        check_report(check, CHECK_DAMAGED, &layer->images, "blob", layer->blob.digest, how);
        return 0;
}

static int check_one_layer(struct check *check, const struct check_layer *layer, struct error *err)
{
        bool file = descriptor_is_file(&layer->blob);
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(layer->blob.digest));
        AUTO_CLOSE int fd = openat(check->store->fd, path, O_RDONLY | O_CLOEXEC);
        int result;

        if (fd < 0 && errno == ENOENT)
                return check_missing_blob(check, layer);
        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        result = check_digest(check, fd, layer->blob.digest, err);
        if (result < 0)
                return -1;
        if (!result && !file)
                return check_drop_blob(check, layer, err);
        if (!result)
                check_file_layer(check, layer);
        if (file || layer->carried)
                return 0;
        result = check_layer_files(check, layer, fd, err);
        if (io_remove_tree(check->work.fd, CHECK_LAYER, result < 0 ? NULL : err) < 0)
                return -1;
        return result;
}

/* --- all */

static int check_run(struct check *check, char *const *references, struct error *err)
{
        int result;

        if (work_begin(check->store, "check", &check->work, err) < 0 ||
            store_lock(check->store, STORE_SHARED, err) < 0)
                return -1;
        result = check_list(check, references, err);
        store_unlock(check->store);
        for (size_t i = 0; result == 0 && i < check->count; i++)
                result = check_one_layer(check, check->layers + i, err);
        for (size_t i = 0; result == 0 && i < check->image_count; i++)
                result = check_one_cover(check, check->images + i, err);
        return result;
}

int check_images(struct store *store, char *const *references, const struct check_options *options,
                 struct error *err)
{
        CLEANUP(check_end)
        struct check check = { .store = store, .options = options, .work = { .fd = -1 } };

        if (check_run(&check, references, err) < 0)
                return -1;
        return check.damages;
}
