/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store.h"

#include "../base/io.h"
#include "reference.h"
#include "store-change.h"
#include "store-work.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/statvfs.h>

enum {
        STORE_MAX_INDEX = 64 << 20, /* bytes of our own index.json */
        STORE_MAX_NESTING = 4       /* indexes that lead to indexes */
};

const char *store_root(const char *option)
{
        const char *environment = getenv("CRUNIT_STORAGE");

        if (!str_empty(option))
                return option;
        return str_empty(environment) ? LOCALSTATEDIR "/lib/crunit" : environment;
}

const char *store_root_of(const char *configured)
{
        return store_root(getenv("CRUNIT_STORAGE") ? NULL : configured);
}

static int store_read_index(struct store *store, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };

        json_object_put(store->index);
        store->index = NULL;
        if (store->fd >= 0 &&
            json_read_file(store->fd, "index.json", STORE_MAX_INDEX, &store->index, &reason) < 0 &&
            reason.code != ENOENT)
                return error_set(err, reason.code, "image store %s: %s", store->root,
                                 reason.message);
        if (!store->index)
                store->index = json_object_new_object();
        if (!json_object_is_type(store->index, json_type_object))
                return error_set(err, EBADMSG, "image store %s: index.json is no object",
                                 store->root);
        return 0;
}

/* Nobody has written to a directory without a lock file, and nobody can take anything away; nor
 * from a read-only file system, some of which have no locks. */
static bool store_is_fixed(const struct store *store)
{
        struct statvfs st;

        return fstatvfs(store->fd, &st) == 0 && st.f_flag & ST_RDONLY;
}

static int store_lock_for_reading(struct store *store, struct error *err)
{
        store->fd = open(store->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (store->fd < 0 && errno == ENOENT)
                return 0;
        if (store->fd < 0)
                return error_errno(err, errno, "cannot open the image store %s", store->root);
        store->lock = openat(store->fd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (store->lock < 0 && errno == ENOENT)
                return 0;
        if ((store->lock < 0 || flock(store->lock, LOCK_SH) < 0) && !store_is_fixed(store))
                return error_errno(err, errno, "cannot lock the image store %s", store->root);
        return 0;
}

int store_lock(struct store *store, enum store_lock how, struct error *err)
{
        if (flock(store->lock, how == STORE_SHARED ? LOCK_SH : LOCK_EX) < 0)
                return error_errno(err, errno, "cannot lock the image store %s", store->root);
        if (store_read_index(store, err) == 0)
                return 0;
        store_unlock(store);
        return -1;
}

void store_unlock(struct store *store)
{
        if (store->lock >= 0)
                flock(store->lock, LOCK_UN);
}

static int store_open_for_making(struct store *store, struct error *err)
{
        if (store_prepare(store, err) < 0)
                return -1;
        if (!work_sweep(store))
                return 0;
        /* Who died may have been about to name what is there now. Not being able to collect is no
         * reason to refuse a load. */
        if (store_lock(store, STORE_EXCLUSIVE, err) < 0)
                return -1;
        store_collect(store, NULL);
        store_unlock(store);
        store_empty_trash(store);
        return 0;
}

static int store_open_for_writing(struct store *store, struct error *err)
{
        if (store_prepare(store, err) < 0)
                return -1;
        work_sweep(store);
        if (store_lock(store, STORE_EXCLUSIVE, err) < 0)
                return -1;
        store_collect(store, NULL);
        return 0;
}

int store_open(const char *root, enum store_mode mode, struct store *ret, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        int result;

        store.root = str_dup(root);
        if (mode == STORE_READ)
                result = store_lock_for_reading(&store, err) < 0 ? -1
                                                                 : store_read_index(&store, err);
        else if (mode == STORE_WRITE)
                result = store_open_for_writing(&store, err);
        else
                result = store_open_for_making(&store, err);
        if (result < 0)
                return -1;
        *ret = store;
        store = (struct store)STORE_NONE;
        return 0;
}

void store_close(struct store *store)
{
        cleanup_close(&store->lock);
        store_empty_trash(store);
        free(store->root);
        cleanup_close(&store->fd);
        cleanup_close(&store->tmp);
        json_object_put(store->index);
        *store = (struct store)STORE_NONE;
}

/* containerd writes the full name to one annotation and a mere tag to the other. */
static char *store_entry_name(const struct descriptor *descriptor)
{
        return descriptor->image_name ? descriptor->image_name : descriptor->ref_name;
}

int store_list(struct store *store, struct store_entry **ret, size_t *ret_count, struct error *err)
{
        struct json_object *array = NULL;
        struct store_entry *entries;
        size_t count;

        if (json_get_array(store->index, "manifests", &array, err) < 0)
                return error_wrap(err, "image store %s: index.json", store->root);
        count = array ? json_object_array_length(array) : 0;
        entries = alloc_zero(count, sizeof *entries);
        for (size_t i = 0; i < count; i++) {
                if (descriptor_parse(json_object_array_get_idx(array, i), &entries[i].descriptor,
                                     err) < 0) {
                        store_list_free(entries, i);
                        return error_wrap(err, "image store %s: index.json", store->root);
                }
                entries[i].name = store_entry_name(&entries[i].descriptor);
        }
        *ret = entries;
        *ret_count = count;
        return 0;
}

void store_list_free(struct store_entry *entries, size_t count)
{
        for (size_t i = 0; i < count; i++)
                descriptor_free(&entries[i].descriptor);
        free(entries);
}

void store_found_free(struct store_found *found)
{
        store_list_free(found->entries, found->count);
        *found = (struct store_found){ 0 };
}

void store_found_names(const struct store_found *found, struct strv *names)
{
        for (size_t i = 0; i < found->count; i++)
                if (found->entries[i].name &&
                    str_equal(found->entries[i].descriptor.digest, found->entry->descriptor.digest))
                        strv_append(names, found->entries[i].name);
}

int store_look_up(struct store *store, const char *text, struct store_found *ret, struct error *err)
{
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_list(store, &found.entries, &found.count, err) < 0 ||
            store_find(store, text, found.entries, found.count, &found.entry, err) < 0)
                return -1;
        *ret = found;
        found = (struct store_found){ 0 };
        return 0;
}

int store_read_blob(struct store *store, const char *digest, size_t max, struct json_object **ret,
                    struct error *err)
{
        const char *hex = digest_hex(digest);
        AUTO_FREE char *path = NULL;

        if (!hex)
                return error_set(err, EINVAL, "'%s' is not sha256: and 64 digits", digest);
        path = str_format("blobs/sha256/%s", hex);
        if (store->fd < 0)
                return error_set(err, ENOENT, "there is no image store at %s", store->root);
        if (json_read_file(store->fd, path, max, ret, err) < 0)
                return error_wrap(err, "image store %s", store->root);
        return 0;
}

int store_read_manifest(struct store *store, const struct descriptor *descriptor,
                        struct manifest *ret, char **ret_digest, struct error *err)
{
        struct platform host = platform_host();
        AUTO_FREE char *digest = str_dup(descriptor->digest);

        for (int depth = 0; depth < STORE_MAX_NESTING; depth++) {
                AUTO_JSON struct json_object *document = NULL;
                AUTO_MANIFEST struct manifest manifest = { 0 };
                const struct descriptor *chosen = NULL;

                if (store_read_blob(store, digest, MANIFEST_MAX_SIZE, &document, err) < 0 ||
                    manifest_parse(document, digest, &manifest, err) < 0)
                        return -1;
                if (!manifest.is_index) {
                        *ret = manifest;
                        manifest = (struct manifest){ 0 };
                        *ret_digest = steal_str(&digest);
                        return 0;
                }
                if (manifest_choose(&manifest, &host, digest, &chosen, err) < 0)
                        return -1;
                str_replace(&digest, chosen->digest);
        }
        return error_set(err, EBADMSG, "%s: indexes nested too deep", descriptor->digest);
}

int store_entry_id(struct store *store, const struct store_entry *entry, char **ret,
                   struct error *err)
{
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_FREE char *digest = NULL;

        if (store_read_manifest(store, &entry->descriptor, &manifest, &digest, err) < 0)
                return -1;
        *ret = str_dup(digest_hex(manifest.config.digest));
        return 0;
}

static const struct store_entry *store_find_name(const struct store_entry *entries, size_t count,
                                                 const struct reference *reference,
                                                 const char *registry)
{
        AUTO_FREE char *name = reference_name(reference, registry);

        for (size_t i = 0; i < count; i++)
                if (str_equal(entries[i].name, name))
                        return entries + i;
        return NULL;
}

static const struct store_entry *store_find_digest(const struct store_entry *entries, size_t count,
                                                   const char *digest)
{
        for (size_t i = 0; i < count; i++)
                if (str_equal(entries[i].descriptor.digest, digest))
                        return entries + i;
        return NULL;
}

/* Entries whose manifest cannot be read here (another platform's, damaged) have no id to match. */
static int store_find_id(struct store *store, const struct store_entry *entries, size_t count,
                         const char *prefix, const struct store_entry **ret, struct error *err)
{
        AUTO_FREE char *found = NULL;

        for (size_t i = 0; i < count; i++) {
                AUTO_FREE char *id = NULL;

                if (store_entry_id(store, entries + i, &id, NULL) < 0 ||
                    !str_has_prefix(id, prefix))
                        continue;
                if (found && !str_equal(found, id))
                        return error_set(err, EEXIST,
                                         "several images have an id that begins with %s", prefix);
                if (!found)
                        *ret = entries + i;
                str_replace(&found, id);
        }
        return 0;
}

int store_find(struct store *store, const char *text, const struct store_entry *entries,
               size_t count, const struct store_entry **ret, struct error *err)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ERROR struct error syntax = { 0 };
        const struct store_entry *found = NULL;
        const char *id = digest_hex(text);

        if (id) {
                found = store_find_digest(entries, count, text);
        } else if (reference_parse(text, &reference, &syntax) < 0) {
                return error_set(err, syntax.code, "%s", syntax.message);
        } else if (reference.digest) {
                found = store_find_digest(entries, count, reference.digest);
        } else {
                found = store_find_name(entries, count, &reference, "localhost");
                if (!found)
                        found = store_find_name(entries, count, &reference, "docker.io");
                id = reference_is_id(text) ? text : NULL;
        }
        if (!found && id && store_find_id(store, entries, count, id, &found, err) < 0)
                return -1;
        if (!found)
                return error_set(err, ENOENT, "no image '%s' in %s", text, store->root);
        *ret = found;
        return 0;
}
