/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a work directory to the store's places (intake.h). */
#include "intake.h"

#include "../base/io.h"
#include "cover.h"
#include "implied.h"
#include "reference.h"
#include "store-change.h"
#include "verified.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static int intake_open_unpacked(const struct intake *intake, size_t i)
{
        const struct load_layer *layer = intake->plan.layers + i;
        bool here = layer->unpacked || layer->linked;
        AUTO_FREE char *path = here ? str_format("layer.%zu", i)
                                    : str_format("layers/%s", digest_hex(layer->diff_id));

        return openat(here ? intake->work.fd : intake->store->fd, path,
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What a layer's tar has no entry for: known from its unpacking, now or when it came. */
static int intake_read_implied(const struct intake *intake, size_t i, struct strv *implied,
                               struct error *err)
{
        const struct load_layer *layer = intake->plan.layers + i;
        AUTO_FREE char *path = layer->linked ? str_format("implied.%zu", i)
                                             : str_format("implied/%s", digest_hex(layer->diff_id));

        if (!layer->unpacked)
                return implied_read(layer->linked ? intake->work.fd : intake->store->fd, path,
                                    implied, err);
        strv_append_all(implied, &layer->result.implied);
        return 0;
}

static int intake_open_layer(const struct intake *intake, size_t i, struct cover_layer *ret,
                             struct error *err)
{
        ret->fd = intake_open_unpacked(intake, i);
        return ret->fd >= 0 ? 0
                            : error_errno(err, errno, "cannot open layer %s",
                                          intake->plan.layers[i].diff_id);
}

/* Does the same layer come again above? Then it is mounted there only. */
static bool intake_is_hidden(const struct load_image *image, size_t place)
{
        for (size_t i = place + 1; i < image->layer_count; i++)
                if (image->layers[i] == image->layers[place])
                        return true;
        return false;
}

static int intake_open_layers(const struct intake *intake, const struct load_image *image,
                              struct cover_layer *layers, size_t *ret_count, struct error *err)
{
        size_t implied = 0;

        for (size_t i = 0; i < image->layer_count; i++) {
                bool whole = intake->plan.layers[image->layers[i]].whole;
                struct cover_layer *open;

                if (whole)
                        cover_layers_forget(layers, ret_count);
                if (whole || intake_is_hidden(image, i))
                        continue;
                open = layers + *ret_count;
                if (intake_open_layer(intake, image->layers[i], open, err) < 0)
                        return -1;
                ++*ret_count;
                if (intake_read_implied(intake, image->layers[i], &open->implied, err) < 0)
                        return -1;
                implied += implied_length(&open->implied);
                if (implied > COVER_MAX_IMPLIED)
                        return cover_refuse_implied(err);
        }
        return 0;
}

static int intake_cover_image(struct intake *intake, size_t i, struct error *err)
{
        const struct load_image *image = intake->plan.images + i;
        AUTO_FREE char *name = str_format("cover.%zu", i);
        struct cover_layer *layers = alloc_zero(image->layer_count, sizeof *layers);
        size_t count = 0;
        int result = intake_open_layers(intake, image, layers, &count, err);

        if (result == 0)
                result = cover_make(intake->work.fd, name, layers, count, intake->cancel, err);
        cover_layers_free(layers, count);
        return result < 0 ? error_wrap(err, "tmp/%s", intake->work.name) : 0;
}

/* What the layers' trees, which images share, cannot say. */
static int intake_cover_images(struct intake *intake, struct error *err)
{
        for (size_t i = 0; i < intake->plan.layer_count; i++) {
                const struct load_layer *layer = intake->plan.layers + i;
                AUTO_FREE char *name = str_format("implied.%zu", i);

                if (layer->unpacked &&
                    implied_write(intake->work.fd, name, &layer->result.implied, err) < 0)
                        return error_wrap(err, "tmp/%s", intake->work.name);
        }
        for (size_t i = 0; i < intake->plan.image_count; i++)
                if (!intake_has(intake, "covers", intake->plan.images[i].config_digest) &&
                    intake_cover_image(intake, i, err) < 0)
                        return -1;
        return 0;
}

static int intake_write_document(struct intake *intake, const char *digest, const char *data,
                                 size_t length, struct error *err)
{
        if (io_write_file(intake->work.fd, digest_hex(digest), data, length, 0644, IO_NO_SYNC,
                          err) < 0)
                return error_wrap(err, "tmp/%s", intake->work.name);
        return 0;
}

static int intake_write_image(struct intake *intake, struct load_image *image, struct error *err)
{
        if (!image->manifest)
                load_plan_make_manifest(&intake->plan, image);
        if (intake_write_document(intake, image->config_digest, image->config, image->config_length,
                                  err) < 0 ||
            intake_write_document(intake, image->descriptor.digest, image->manifest,
                                  image->manifest_length, err) < 0)
                return -1;
        for (size_t i = 0; i < image->document_count; i++)
                if (intake_write_document(intake, image->documents[i].digest,
                                          image->documents[i].data, image->documents[i].length,
                                          err) < 0)
                        return -1;
        return 0;
}

static int intake_write_documents(struct intake *intake, struct error *err)
{
        for (size_t i = 0; i < intake->plan.image_count; i++)
                if (intake_write_image(intake, intake->plan.images + i, err) < 0)
                        return -1;
        return 0;
}

/* from: a name in tmp/. */
static int intake_move_blob(struct intake *intake, const char *from, const char *digest,
                            struct error *err)
{
        AUTO_FREE char *to = str_format("blobs/sha256/%s", digest_hex(digest));

        /* Two images may share a document: the second finds it moved already. */
        if (renameat(intake->store->tmp, from, intake->store->fd, to) < 0 &&
            !(errno == ENOENT && intake_has(intake, "blobs/sha256", digest)))
                return error_errno(err, errno, "cannot move tmp/%s to %s", from, to);
        return 0;
}

static int intake_move_document(struct intake *intake, const char *digest, struct error *err)
{
        AUTO_FREE char *from = str_format("%s/%s", intake->work.name, digest_hex(digest));

        return intake_move_blob(intake, from, digest, err);
}

/* A link to what another store had and has no more. */
static void intake_remove_stale(const struct intake *intake, const char *path)
{
        struct stat st;

        if (fstatat(intake->store->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
                unlinkat(intake->store->fd, path, 0);
}

/* Another process may have been faster: its tree is as good as ours. */
static int intake_move_tree(struct intake *intake, const char *name, const char *to,
                            struct error *err)
{
        intake_remove_stale(intake, to);
        if (renameat(intake->work.fd, name, intake->store->fd, to) < 0 && errno != EEXIST &&
            errno != ENOTEMPTY && errno != EISDIR && errno != ENOENT)
                return error_errno(err, errno, "cannot move %s to %s", name, to);
        return 0;
}

/* The note comes first: where there is none, a layer has no such directories. */
static int intake_move_unpacked(struct intake *intake, size_t i, struct error *err)
{
        const struct load_layer *layer = intake->plan.layers + i;
        AUTO_FREE char *tree = str_format("layer.%zu", i);
        AUTO_FREE char *note = str_format("implied.%zu", i);
        AUTO_FREE char *tree_to = str_format("layers/%s", digest_hex(layer->diff_id));
        AUTO_FREE char *note_to = str_format("implied/%s", digest_hex(layer->diff_id));

        if (intake_has(intake, "layers", layer->diff_id))
                return 0;
        if (renameat(intake->work.fd, note, intake->store->fd, note_to) < 0)
                return error_errno(err, errno, "cannot move %s to %s", note, note_to);
        return intake_move_tree(intake, tree, tree_to, err);
}

static int intake_move_layer(struct intake *intake, size_t i, struct error *err)
{
        const struct load_layer *layer = intake->plan.layers + i;
        AUTO_FREE char *kept = str_format("blobs/sha256/%s", digest_hex(layer->digest));

        if (layer->blob && intake_move_blob(intake, layer->blob, layer->digest, err) < 0)
                return -1;
        if ((layer->unpacked || layer->linked) && intake_move_unpacked(intake, i, err) < 0)
                return -1;
        if (layer->unpacked)
                verified_note(intake->store->fd, kept, layer->diff_id);
        return 0;
}

static int intake_sync_directory(struct intake *intake, const char *path, struct error *err)
{
        AUTO_CLOSE int fd = openat(intake->store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0)
                return error_errno(err, errno, "cannot sync %s", path);
        return 0;
}

static int intake_move_image(struct intake *intake, size_t k, struct error *err)
{
        const struct load_image *image = intake->plan.images + k;
        AUTO_FREE char *cover = str_format("cover.%zu", k);
        AUTO_FREE char *to = str_format("covers/%s", digest_hex(image->config_digest));

        if (intake_move_tree(intake, cover, to, err) < 0)
                return -1;
        for (size_t i = 0; i < image->document_count; i++)
                if (intake_move_document(intake, image->documents[i].digest, err) < 0)
                        return -1;
        if (intake_move_document(intake, image->config_digest, err) < 0)
                return -1;
        return intake_move_document(intake, image->descriptor.digest, err);
}

static int intake_move_all(struct intake *intake, struct error *err)
{
        static const char *const directories[] = { "blobs/sha256", "implied", "covers", "layers" };

        for (size_t i = 0; i < intake->plan.layer_count; i++)
                if (intake_move_layer(intake, i, err) < 0)
                        return -1;
        for (size_t i = 0; i < intake->plan.image_count; i++)
                if (intake_move_image(intake, i, err) < 0)
                        return -1;
        for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
                if (intake_sync_directory(intake, directories[i], err) < 0)
                        return -1;
        return 0;
}

static int intake_name_images(struct intake *intake, struct strv *names, struct error *err)
{
        for (size_t i = 0; i < intake->plan.image_count; i++) {
                const struct load_image *image = intake->plan.images + i;

                if (!image->names.count) {
                        if (store_tag(intake->store, NULL, &image->descriptor, err) < 0)
                                return -1;
                        strv_append(names, image->config_digest);
                }
                for (size_t j = 0; j < image->names.count; j++)
                        if (store_tag(intake->store, image->names.items[j], &image->descriptor,
                                      err) < 0)
                                return -1;
                strv_append_all(names, &image->names);
        }
        return store_save(intake->store, err);
}

static int intake_name_locked(struct intake *intake, struct strv *names, struct error *err)
{
        int result;

        if (store_lock(intake->store, STORE_EXCLUSIVE, err) < 0)
                return -1;
        result = intake_name_images(intake, names, err);
        store_unlock(intake->store);
        return result;
}

/* Everything is checked and in the work directory: put it on disk, then into its places. */
int intake_commit(struct intake *intake, struct strv *names, struct error *err)
{
        if (intake_cover_images(intake, err) < 0 || intake_write_documents(intake, err) < 0 ||
            intake_keep(intake, err) < 0)
                return -1;
        if (syncfs(intake->work.fd) < 0)
                return error_errno(err, errno, "cannot write to %s", intake->store->root);
        if (intake_cancelled(intake))
                return error_set(err, EINTR, "interrupted");
        if (intake_move_all(intake, err) < 0)
                return -1;
        return names ? intake_name_locked(intake, names, err) : 0;
}
