/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-change.h"

#include "../base/io.h"
#include "reference.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
        STORE_MAX_STATE = 16 << 20, /* bytes of a container's state file */
        STORE_MAX_WALK = 8 /* indexes that lead to indexes, when looking for what is used */
};

static const char store_layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";
static const char store_empty_index[] =
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]}\n";

/* Images hold secrets and other systems' setuid programs: only root may look inside. */
static int store_make_directories(struct store *store, struct error *err)
{
        static const struct {
                const char *path;
                mode_t mode;
        } directories[] = {
                { "blobs", 0700 }, { "blobs/sha256", 0755 }, { "layers", 0700 }, { "tmp", 0700 }
        };

        if (io_make_dirs(AT_FDCWD, store->root, 0711, err) < 0)
                return -1;
        store->fd = open(store->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (store->fd < 0)
                return error_errno(err, errno, "cannot open the image store %s", store->root);
        for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
                if (mkdirat(store->fd, directories[i].path, directories[i].mode) < 0 &&
                    errno != EEXIST)
                        return error_errno(err, errno, "cannot make %s/%s", store->root,
                                           directories[i].path);
        return 0;
}

static int store_make_file(struct store *store, const char *name, const char *content,
                           struct error *err)
{
        if (faccessat(store->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return 0;
        return io_write_file(store->fd, name, content, strlen(content), 0644, IO_SYNC, err);
}

int store_prepare(struct store *store, struct error *err)
{
        AUTO_CLOSE int lock = -1;

        if (store_make_directories(store, err) < 0)
                return -1;
        store->tmp = openat(store->fd, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        lock = openat(store->fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (store->tmp < 0 || lock < 0)
                return error_errno(err, errno, "cannot prepare the image store %s", store->root);
        if (store_make_file(store, "oci-layout", store_layout, err) < 0 ||
            store_make_file(store, "index.json", store_empty_index, err) < 0)
                return error_wrap(err, "image store %s", store->root);
        return 0;
}

/* Call function for each name in a directory, but "." and "..". */
typedef int store_name_function(int dir, const char *name, void *context, struct error *err);

static int store_each_name(int parent, const char *path, store_name_function *function,
                           void *context, struct error *err)
{
        AUTO_CLOSE int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read directory %s", path);
        fd = -1;
        while ((entry = readdir(dir))) {
                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                if (function(dirfd(dir), entry->d_name, context, err) < 0)
                        return -1;
        }
        return 0;
}

static int store_remove_name(int dir, const char *name, void *context, struct error *err)
{
        (void)context;
        return io_remove_tree(dir, name, err);
}

int store_sweep(struct store *store, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };

        if (store_each_name(store->fd, "tmp", store_remove_name, NULL, err) < 0)
                return error_wrap(err, "image store %s", store->root);
        /* Not being able to collect is no reason to refuse a load. */
        store_collect(store, &reason);
        return 0;
}

/* --- index.json */

static struct json_object *store_manifests(struct store *store)
{
        struct json_object *array = NULL;

        if (!json_object_object_get_ex(store->index, "manifests", &array) || !array) {
                json_object_object_add(store->index, "schemaVersion", json_object_new_int(2));
                array = json_add_array(store->index, "manifests");
        }
        return array;
}

static struct json_object *store_new_descriptor(const struct descriptor *manifest, const char *name)
{
        struct json_object *object = json_object_new_object();

        json_set_string(object, "mediaType", manifest->media_type);
        json_set_string(object, "digest", manifest->digest);
        json_object_object_add(object, "size", json_object_new_int64((int64_t)manifest->size));
        if (manifest->architecture) {
                struct json_object *platform = json_add_object(object, "platform");

                json_set_string(platform, "architecture", manifest->architecture);
                json_set_string(platform, "os", manifest->os);
                json_set_string(platform, "variant", manifest->variant);
        }
        if (name) {
                struct json_object *annotations = json_add_object(object, "annotations");

                json_set_string(annotations, "org.opencontainers.image.ref.name", name);
                json_set_string(annotations, "io.containerd.image.name", name);
        }
        return object;
}

static bool store_has_digest(const struct store_entry *entries, size_t count, const char *digest,
                             size_t except)
{
        for (size_t i = 0; i < count; i++)
                if (i != except && str_equal(entries[i].descriptor.digest, digest))
                        return true;
        return false;
}

/* Take the name away from descriptor i; whether the descriptor goes as well is the caller's. */
static void store_drop_name(struct store *store, const struct store_entry *entries, size_t count,
                            size_t i, bool keep_image)
{
        struct json_object *array = store_manifests(store);
        struct json_object *object = json_object_array_get_idx(array, i), *annotations = NULL;

        if (!keep_image || store_has_digest(entries, count, entries[i].descriptor.digest, i)) {
                json_object_array_del_idx(array, i, 1);
                return;
        }
        if (json_object_object_get_ex(object, "annotations", &annotations)) {
                json_object_object_del(annotations, "org.opencontainers.image.ref.name");
                json_object_object_del(annotations, "io.containerd.image.name");
        }
}

/* Descriptors without a name are there for images that have none. They are not needed once the
 * image has one, be it by another manifest (a docker-archive of what was an oci-archive). */
static int store_drop_unnamed(struct store *store, const struct descriptor *manifest,
                              struct error *err)
{
        struct store_entry named = { .descriptor = *manifest };
        AUTO_FREE char *id = NULL;
        struct store_entry *entries;
        size_t count;

        if (store_entry_id(store, &named, &id, err) < 0 ||
            store_list(store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = count; i-- > 0;) {
                AUTO_FREE char *other = NULL;

                if (!entries[i].name && store_entry_id(store, entries + i, &other, NULL) == 0 &&
                    str_equal(id, other))
                        json_object_array_del_idx(store_manifests(store), i, 1);
        }
        store_list_free(entries, count);
        return 0;
}

static int store_remove_tag(struct store *store, const char *name, const char *except,
                            bool keep_image, struct error *err)
{
        struct store_entry *entries;
        size_t count;

        if (store_list(store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = count; i-- > 0;)
                if (str_equal(entries[i].name, name) &&
                    !str_equal(entries[i].descriptor.digest, except)) {
                        store_drop_name(store, entries, count, i, keep_image);
                        break;
                }
        store_list_free(entries, count);
        return 0;
}

int store_tag(struct store *store, const char *name, const struct descriptor *manifest,
              struct error *err)
{
        struct store_entry *entries;
        size_t count;
        bool present = false;

        if (name && store_remove_tag(store, name, manifest->digest, true, err) < 0)
                return -1;
        if (store_list(store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (str_equal(entries[i].descriptor.digest, manifest->digest) &&
                    (!name || str_equal(entries[i].name, name)))
                        present = true;
        store_list_free(entries, count);
        if (name && store_drop_unnamed(store, manifest, err) < 0)
                return -1;
        if (present)
                return 0;
        json_object_array_add(store_manifests(store), store_new_descriptor(manifest, name));
        return 0;
}

int store_untag(struct store *store, const char *name, struct error *err)
{
        return store_remove_tag(store, name, NULL, false, err);
}

int store_forget(struct store *store, const char *digest, struct error *err)
{
        struct json_object *array = store_manifests(store);
        struct store_entry *entries;
        size_t count;

        if (store_list(store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = count; i-- > 0;)
                if (str_equal(entries[i].descriptor.digest, digest))
                        json_object_array_del_idx(array, i, 1);
        store_list_free(entries, count);
        return 0;
}

int store_save(struct store *store, struct error *err)
{
        AUTO_FREE char *text = json_text(store->index, false);

        if (io_write_file(store->fd, "index.json", text, strlen(text), 0644, IO_SYNC, err) < 0)
                return error_wrap(err, "image store %s", store->root);
        return 0;
}

/* --- what leads where: sets of 64 digits, as keys of JSON objects */

struct store_reach {
        struct store *store;        /* borrowed */
        struct json_object *blobs;  /* owned */
        struct json_object *layers; /* owned; diff ids */
        struct json_object *keep;   /* borrowed; the set a removal compares with */
        int trash;                  /* borrowed; where a removal moves things */
};

static void store_reach_free(struct store_reach *reach)
{
        json_object_put(reach->blobs);
        json_object_put(reach->layers);
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
        if (store_read_blob(reach->store, digest, CONFIG_MAX_SIZE, &config, &reason) < 0)
                return reason.code == ENOENT || reason.code == EBADMSG
                               ? 0
                               : error_set(err, reason.code, "%s", reason.message);
        if (json_get_object(config, "rootfs", &rootfs, NULL) < 0 || !rootfs ||
            json_get_strv(rootfs, "diff_ids", &diff_ids, NULL) < 0)
                return 0;
        for (size_t i = 0; i < diff_ids.count; i++)
                store_set_add(reach->layers, diff_ids.items[i]);
        return 0;
}

/* Everything behind a manifest or an index; children that are not here (other platforms) are fine.
 */
static int store_reach_manifest(struct store_reach *reach, const char *digest, int depth,
                                struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_JSON struct json_object *document = NULL;
        AUTO_MANIFEST struct manifest manifest = { 0 };

        if (depth > STORE_MAX_WALK)
                return error_set(err, EBADMSG, "%s: indexes nested too deep", digest);
        store_set_add(reach->blobs, digest);
        if (store_read_blob(reach->store, digest, MANIFEST_MAX_SIZE, &document, &reason) < 0)
                return reason.code == ENOENT ? 0
                                             : error_set(err, reason.code, "%s", reason.message);
        if (manifest_parse(document, digest, &manifest, err) < 0)
                return -1;
        for (size_t i = 0; i < manifest.manifest_count; i++)
                if (store_reach_manifest(reach, manifest.manifests[i].digest, depth + 1, err) < 0)
                        return -1;
        for (size_t i = 0; i < manifest.layer_count; i++)
                store_set_add(reach->blobs, manifest.layers[i].digest);
        return manifest.is_index ? 0 : store_reach_config(reach, manifest.config.digest, err);
}

static int store_reach_all(struct store_reach *reach, struct error *err)
{
        AUTO_JSON struct json_object *used = NULL;
        struct store_entry *entries;
        size_t count;
        int result = 0;

        if (store_used_ids(&used, err) < 0 || store_list(reach->store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; result == 0 && i < count; i++)
                result = store_reach_manifest(reach, entries[i].descriptor.digest, 0, err);
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

/* Only the rename happens under the lock; removing a large tree takes a while. */
static int store_move_to_trash(int dir, const char *name, void *context, struct error *err)
{
        struct store_reach *reach = context;

        if (json_object_object_get_ex(reach->keep, name, NULL))
                return 0;
        if (renameat(dir, name, reach->trash, name) < 0)
                return error_errno(err, errno, "cannot remove %s", name);
        return 0;
}

static int store_empty_into(struct store_reach *reach, const char *path, struct json_object *keep,
                            const char *trash, struct error *err)
{
        AUTO_CLOSE int fd = -1;

        if (mkdirat(reach->store->tmp, trash, 0700) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make tmp/%s", trash);
        fd = openat(reach->store->tmp, trash, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open tmp/%s", trash);
        reach->keep = keep;
        reach->trash = fd;
        return store_each_name(reach->store->fd, path, store_move_to_trash, reach, err);
}

static int store_collect_locked(struct store *store, struct error *err)
{
        CLEANUP(store_reach_free)
        struct store_reach reach = { .store = store,
                                     .blobs = json_object_new_object(),
                                     .layers = json_object_new_object() };
        AUTO_CLOSE int lock = openat(store->fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);

        if (lock < 0 || flock(lock, LOCK_EX) < 0)
                return error_errno(err, errno, "cannot lock the image store %s", store->root);
        if (store_reach_all(&reach, err) < 0 ||
            store_empty_into(&reach, "blobs/sha256", reach.blobs, "blobs.old", err) < 0)
                return -1;
        return store_empty_into(&reach, "layers", reach.layers, "layers.old", err);
}

int store_collect(struct store *store, struct error *err)
{
        if (store_collect_locked(store, err) < 0)
                return error_wrap(err, "image store %s: nothing was removed", store->root);
        if (io_remove_tree(store->tmp, "blobs.old", err) < 0)
                return -1;
        return io_remove_tree(store->tmp, "layers.old", err);
}

/* A container that goes away while we look is no longer a user. */
static int store_note_use(int dir, const char *name, void *context, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/state.json", name);
        AUTO_ERROR struct error reason = { 0 };
        AUTO_JSON struct json_object *state = NULL;
        const char *id = NULL;

        if (json_read_file(dir, path, STORE_MAX_STATE, &state, &reason) < 0)
                return reason.code == ENOENT || reason.code == ENOTDIR
                               ? 0
                               : error_set(err, reason.code, "container %s: %s", name,
                                           reason.message);
        if (json_get_string(state, "image", &id, err) < 0)
                return error_wrap(err, "container %s: state.json", name);
        if (id)
                json_object_object_add(context, digest_hex(id) ? digest_hex(id) : id,
                                       json_object_new_string(name));
        return 0;
}

int store_used_ids(struct json_object **ret, struct error *err)
{
        const char *directory = getenv("CRUNIT_RUN");
        AUTO_FREE char *path =
                str_format("%s/containers", str_empty(directory) ? "/run/crunit" : directory);
        AUTO_JSON struct json_object *used = json_object_new_object();

        if (access(path, F_OK) == 0 &&
            store_each_name(AT_FDCWD, path, store_note_use, used, err) < 0)
                return -1;
        *ret = steal_ptr(&used);
        return 0;
}
