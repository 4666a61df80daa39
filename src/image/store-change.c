/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-change.h"

#include "../base/io.h"
#include "reference.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

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
                { "blobs", 0700 },   { "blobs/sha256", 0755 }, { "layers", 0700 },
                { "implied", 0700 }, { "covers", 0700 },       { "tmp", 0700 },
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

/* Written aside under one name, always the same: only who has the exclusive lock gets here, and
 * what a kill leaves is written over by the next one. */
static int store_replace_file(struct store *store, const char *name, const char *content,
                              struct error *err)
{
        AUTO_FREE char *aside = str_format(".%s.new", name);
        AUTO_CLOSE int fd = openat(store->fd, aside,
                                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

        if (fd < 0 || fchmod(fd, 0644) < 0 || io_write_all(fd, content, strlen(content)) < 0 ||
            fsync(fd) < 0 || renameat(store->fd, aside, store->fd, name) < 0) {
                error_errno(err, errno, "cannot write %s/%s", store->root, name);
                if (fd >= 0)
                        unlinkat(store->fd, aside, 0);
                return -1;
        }
        if (fsync(store->fd) < 0)
                return error_errno(err, errno, "cannot sync %s", store->root);
        return 0;
}

static bool store_has_file(struct store *store, const char *name)
{
        return faccessat(store->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Of several processes that find no store, one makes the files; the others must not write an empty
 * index.json over the one that has names by then. */
static int store_make_files(struct store *store, struct error *err)
{
        int result = 0;

        if (store_has_file(store, "oci-layout") && store_has_file(store, "index.json"))
                return 0;
        if (flock(store->lock, LOCK_EX) < 0)
                return error_errno(err, errno, "cannot lock the image store %s", store->root);
        if (!store_has_file(store, "oci-layout"))
                result = store_replace_file(store, "oci-layout", store_layout, err);
        if (result == 0 && !store_has_file(store, "index.json"))
                result = store_replace_file(store, "index.json", store_empty_index, err);
        store_unlock(store);
        return result;
}

int store_prepare(struct store *store, struct error *err)
{
        if (store_make_directories(store, err) < 0)
                return -1;
        store->tmp = openat(store->fd, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        store->lock = openat(store->fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (store->tmp < 0 || store->lock < 0)
                return error_errno(err, errno, "cannot prepare the image store %s", store->root);
        return store_make_files(store, err);
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

        return store_replace_file(store, "index.json", text, err);
}
