/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/io.h"
#include "reference.h"
#include "store-change.h"
#include "store-work.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
        STORE_MAX_STATE = 16 << 20 /* bytes of a container's state file */
};

/* --- what leads where: sets of 64 digits, as keys of JSON objects */

struct store_reach {
        struct store *store;        /* borrowed */
        struct json_object *blobs;  /* owned */
        struct json_object *layers; /* owned; diff ids */
        struct json_object *images; /* owned; digests of configurations */
        struct json_object *named;  /* owned; blobs and layers that somebody is about to name */
        struct json_object *walked; /* owned; manifests and indexes that were looked through */
        struct strv listed;         /* owned; digests in indexes, yet to be looked through */
        struct json_object *used;   /* borrowed; the set a removal compares with */
        const char *trash; /* borrowed; the directory of our trash where a removal moves things */
        int trash_fd;      /* owned; that directory, or -1: nothing was moved yet */
};

static void store_reach_free(struct store_reach *reach)
{
        strv_free(&reach->listed);
        json_object_put(reach->blobs);
        json_object_put(reach->layers);
        json_object_put(reach->images);
        json_object_put(reach->walked);
        json_object_put(reach->named);
}

static void store_set_add(struct json_object *set, const char *digest)
{
        const char *hex = digest_hex(digest);

        if (hex)
                json_object_object_add(set, hex, json_object_new_boolean(true));
}

/* A configuration's layers. One that is no image's (an artifact's) has none. */
static int store_reach_config(struct store_reach *reach, const char *digest, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_JSON struct json_object *config = NULL;
        AUTO_STRV struct strv diff_ids = { 0 };
        struct json_object *rootfs = NULL;

        store_set_add(reach->blobs, digest);
        store_set_add(reach->images, digest);
        if (store_read_blob(reach->store, digest, CONFIG_MAX_SIZE, &config, &reason) < 0)
                return reason.code == ENOENT || reason.code == EBADMSG
                               ? 0
                               : error_set(err, reason.code, "%s", reason.message);
        if (json_get_object(config, "rootfs", &rootfs, NULL) < 0 || !rootfs ||
            json_get_strv(rootfs, "diff_ids", &diff_ids, NULL) < 0)
                return 0;
        for (size_t i = 0; i < diff_ids.count; i++) {
                store_set_add(reach->layers, diff_ids.items[i]);
                /* A layer that is mounted as a file is a blob of that name. */
                store_set_add(reach->blobs, diff_ids.items[i]);
        }
        return 0;
}

/*
 * 1: it is read; 0: there is nothing behind it. What an index lists need not be here (other
 * platforms), and need not be a manifest: it is kept as it is then, since whoever made the index
 * must not be able to keep us from collecting.
 */
static int store_reach_read(struct store_reach *reach, const char *digest, bool listed,
                            struct manifest *ret, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_JSON struct json_object *document = NULL;

        if (store_read_blob(reach->store, digest, MANIFEST_MAX_SIZE, &document, &reason) == 0 &&
            manifest_parse(document, digest, ret, &reason) == 0)
                return 1;
        if (reason.code == ENOENT || (listed && (reason.code == EBADMSG || reason.code == EFBIG)))
                return 0;
        return error_set(err, reason.code, "%s", reason.message);
}

/* One manifest or index, which many may lead to; what an index lists is for later. */
static int store_reach_document(struct store_reach *reach, const char *digest, bool listed,
                                struct error *err)
{
        AUTO_MANIFEST struct manifest manifest = { 0 };
        int result;

        if (json_object_object_get_ex(reach->walked, digest, NULL))
                return 0;
        json_object_object_add(reach->walked, digest, json_object_new_boolean(true));
        store_set_add(reach->blobs, digest);
        result = store_reach_read(reach, digest, listed, &manifest, err);
        if (result <= 0)
                return result;
        for (size_t i = 0; i < manifest.manifest_count; i++)
                strv_append(&reach->listed, manifest.manifests[i].digest);
        for (size_t i = 0; i < manifest.layer_count; i++)
                store_set_add(reach->blobs, manifest.layers[i].digest);
        return manifest.is_index ? 0 : store_reach_config(reach, manifest.config.digest, err);
}

/* Everything behind it, however deep: each index may be harmless by itself, and who made them must
 * not be able to keep us from collecting. */
static int store_reach_manifest(struct store_reach *reach, const char *digest, struct error *err)
{
        int result = store_reach_document(reach, digest, false, err);

        while (result >= 0 && reach->listed.count) {
                AUTO_FREE char *next = reach->listed.items[--reach->listed.count];

                reach->listed.items[reach->listed.count] = NULL;
                result = store_reach_document(reach, next, true, err);
        }
        return result;
}

static int store_reach_all(struct store_reach *reach, struct error *err)
{
        AUTO_JSON struct json_object *used = NULL;
        struct store_entry *entries;
        size_t count;
        int result = 0;

        if (store_used_ids(reach->store->root, true, &used, err) < 0 ||
            store_list(reach->store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; result == 0 && i < count; i++)
                result = store_reach_manifest(reach, entries[i].descriptor.digest, err);
        store_list_free(entries, count);
        json_object_object_foreach(used, id, container)
        {
                AUTO_FREE char *digest = str_format("sha256:%s", id);

                (void)container;
                if (result == 0)
                        result = store_reach_config(reach, digest, err);
        }
        return result;
}

/* Most of the time there is nothing to take away, and no directory is made for it. */
static int store_open_trash(struct store_reach *reach, struct error *err)
{
        struct store *store = reach->store;
        struct work work;

        if (reach->trash_fd >= 0)
                return 0;
        if (!store->trash) {
                if (work_begin(store, "trash", &work, err) < 0)
                        return -1;
                store->trash = alloc_zero(1, sizeof *store->trash);
                *store->trash = work;
        }
        if (mkdirat(store->trash->fd, reach->trash, 0700) < 0 ||
            (reach->trash_fd = openat(store->trash->fd, reach->trash,
                                      O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
                return error_errno(err, errno, "cannot make tmp/%s/%s", store->trash->name,
                                   reach->trash);
        return 0;
}

/* Only the rename happens under the lock; removing a large tree takes a while. */
static int store_move_to_trash(int dir, const char *name, void *context, struct error *err)
{
        struct store_reach *reach = context;

        if (json_object_object_get_ex(reach->used, name, NULL) ||
            json_object_object_get_ex(reach->named, name, NULL))
                return 0;
        if (store_open_trash(reach, err) < 0)
                return -1;
        if (renameat(dir, name, reach->trash_fd, name) < 0)
                return error_errno(err, errno, "cannot remove %s", name);
        return 0;
}

static int store_take_away(struct store_reach *reach, const char *path, struct json_object *used,
                           const char *trash, struct error *err)
{
        int result;

        reach->used = used;
        reach->trash = trash;
        result = io_each_name(reach->store->fd, path, store_move_to_trash, reach, err);
        cleanup_close(&reach->trash_fd);
        reach->trash_fd = -1;
        return result;
}

static int store_collect_all(struct store_reach *reach, struct error *err)
{
        if (work_list_kept(reach->store, &reach->named, err) < 0 || store_reach_all(reach, err) < 0)
                return -1;
        store_empty_trash(reach->store);
        if (store_take_away(reach, "blobs/sha256", reach->blobs, "blobs", err) < 0 ||
            store_take_away(reach, "layers", reach->layers, "layers", err) < 0 ||
            store_take_away(reach, "implied", reach->layers, "implied", err) < 0)
                return -1;
        return store_take_away(reach, "covers", reach->images, "covers", err);
}

int store_collect(struct store *store, struct error *err)
{
        CLEANUP(store_reach_free)
        struct store_reach reach = { .store = store,
                                     .blobs = json_object_new_object(),
                                     .layers = json_object_new_object(),
                                     .images = json_object_new_object(),
                                     .walked = json_object_new_object(),
                                     .trash_fd = -1 };

        if (store_collect_all(&reach, err) < 0)
                return error_wrap(err, "image store %s: not everything was removed", store->root);
        return 0;
}

void store_empty_trash(struct store *store)
{
        if (!store->trash)
                return;
        work_end(store->trash);
        free(steal_ptr(&store->trash));
}

/* A container that goes away while we look is no longer a user. */
static int store_note_use(int dir, const char *name, void *context, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/state.json", name);
        AUTO_FREE char *user = str_format("container %s", name);
        AUTO_ERROR struct error reason = { 0 };
        AUTO_JSON struct json_object *state = NULL;
        AUTO_STRV struct strv mounted = { 0 };
        const char *id = NULL;

        if (json_read_file(dir, path, STORE_MAX_STATE, &state, &reason) < 0)
                return reason.code == ENOENT || reason.code == ENOTDIR
                               ? 0
                               : error_set(err, reason.code, "container %s: %s", name,
                                           reason.message);
        if (json_get_string(state, "image", &id, err) < 0)
                return error_wrap(err, "container %s: state.json", name);
        if (json_get_strv(state, "images", &mounted, err) < 0)
                return error_wrap(err, "container %s: state.json", name);
        if (id)
                strv_append(&mounted, id);
        for (size_t i = 0; i < mounted.count; i++)
                json_object_object_add(context,
                                       digest_hex(mounted.items[i]) ? digest_hex(mounted.items[i])
                                                                    : mounted.items[i],
                                       json_object_new_string(user));
        return 0;
}

/* One whose record a power cut has left in pieces cannot be started again. */
static int store_note_kept(int dir, const char *name, void *context, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };

        if (store_note_use(dir, name, context, &reason) == 0 || reason.code == EBADMSG)
                return 0;
        return error_set(err, reason.code, "%s", reason.message);
}

/* A volume that is an image with changes over it is nothing without the image. */
static int store_note_volume(int dir, const char *name, void *context, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/volume.json", name);
        AUTO_FREE char *user = str_format("volume %s", name);
        AUTO_JSON struct json_object *volume = NULL;
        AUTO_ERROR struct error reason = { 0 };
        const char *id = NULL;

        if (name[0] == '.')
                return 0;
        if (json_read_file(dir, path, STORE_MAX_STATE, &volume, &reason) < 0)
                return reason.code == ENOENT || reason.code == ENOTDIR
                               ? 0
                               : error_set(err, reason.code, "volume %s: %s", name, reason.message);
        if (json_get_string(volume, "ImageID", &id, err) < 0)
                return error_wrap(err, "volume %s: volume.json", name);
        if (id)
                json_object_object_add(context, id, json_object_new_string(user));
        return 0;
}

int store_used_ids(const char *root, bool kept, struct json_object **ret, struct error *err)
{
        const char *directory = getenv("CRUNIT_RUN");
        AUTO_FREE char *path =
                str_format("%s/containers", str_empty(directory) ? "/run/crunit" : directory);
        AUTO_FREE char *volumes = str_format("%s/volumes", root);
        AUTO_FREE char *ended = str_format("%s/containers", root);
        AUTO_JSON struct json_object *used = json_object_new_object();

        if (kept && access(ended, F_OK) == 0 &&
            io_each_name(AT_FDCWD, ended, store_note_kept, used, err) < 0)
                return -1;
        if (access(volumes, F_OK) == 0 &&
            io_each_name(AT_FDCWD, volumes, store_note_volume, used, err) < 0)
                return -1;
        if (access(path, F_OK) == 0 && io_each_name(AT_FDCWD, path, store_note_use, used, err) < 0)
                return -1;
        *ret = steal_ptr(&used);
        return 0;
}
