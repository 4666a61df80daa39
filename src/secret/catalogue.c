/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalogue.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../base/stamp.h"
#include "creds.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
        CATALOGUE_FILE_MAX = 1 << 20,
        CATALOGUE_TEMPORARY_DIGITS = 16, /* behind the name of a file that io.h has not finished */
        CATALOGUE_ID_DIGITS = 25,        /* as many as Podman's */
};

void secret_free(struct secret *secret)
{
        free(secret->name);
        free(secret->id);
        free(secret->created);
        free(secret->updated);
        free(secret->path);
        strv_free(&secret->labels);
        *secret = (struct secret){ 0 };
}

void secret_list_free(struct secret_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                secret_free(&list->items[i]);
        free(list->items);
        *list = (struct secret_list){ 0 };
}

/* The directory of descriptions, locked; its mode keeps even the names among us. */
static int catalogue_lock(const char *storage, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/secrets", storage);
        AUTO_CLOSE int fd = -1;

        if (io_make_dirs(AT_FDCWD, storage, 0755, err) < 0 ||
            io_make_dirs(AT_FDCWD, path, 0700, err) < 0)
                return -1;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX) < 0)
                return error_errno(err, errno, "cannot use %s", path);
        return steal_fd(&fd);
}

static void catalogue_read_labels(struct json_object *object, struct strv *ret)
{
        struct json_object *labels = NULL;

        if (json_get_object(object, "labels", &labels, NULL) < 0 || !labels)
                return;
        json_object_object_foreach(labels, name,
                                   value) if (json_object_is_type(value, json_type_string))
                strv_appendf(ret, "%s=%s", name, json_object_get_string(value));
}

/* What is written down, or else what the file itself tells. */
static int catalogue_describe(const char *storage, struct secret *secret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/secrets/%s.json", storage, secret->name);
        AUTO_JSON struct json_object *object = NULL;
        struct error failed = { 0 };
        struct stat st = { 0 };

        if (json_read_file(AT_FDCWD, path, CATALOGUE_FILE_MAX, &object, &failed) < 0 &&
            failed.code != ENOENT) {
                *err = failed;
                return -1;
        }
        error_clear(&failed);
        if (object && (json_copy_string(object, "id", &secret->id, err) < 0 ||
                       json_copy_string(object, "created", &secret->created, err) < 0 ||
                       json_copy_string(object, "updated", &secret->updated, err) < 0))
                return error_wrap(err, "%s", path);
        if (object)
                catalogue_read_labels(object, &secret->labels);
        if (stat(secret->path, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", secret->path);
        if (!secret->id)
                secret->id = str_dup(secret->name);
        if (!secret->created)
                secret->created = stamp_time(&st.st_mtim);
        if (!secret->updated)
                secret->updated = stamp_time(&st.st_mtim);
        return 0;
}

static int catalogue_get(const char *storage, const char *name, struct secret *ret,
                         struct error *err)
{
        CLEANUP(secret_free) struct secret secret = { 0 };

        if (secret_find(name, &secret.path, &secret.encrypted, err) < 0)
                return -1;
        secret.name = str_dup(name);
        if (catalogue_describe(storage, &secret, err) < 0)
                return -1;
        *ret = secret;
        secret = (struct secret){ 0 };
        return 0;
}

/* --- what was killed half-way */

/* Whether it is the name of a file that was to become one with that prefix. */
static bool catalogue_is_unfinished(const char *name, const char *prefix)
{
        const char *rest = name[0] == '.' ? str_after(name + 1, prefix) : NULL;
        const char *end = rest ? strrchr(rest, '.') : NULL;

        return end && strlen(end + 1) == CATALOGUE_TEMPORARY_DIGITS &&
               strspn(end + 1, "0123456789abcdef") == CATALOGUE_TEMPORARY_DIGITS;
}

static int catalogue_sweep_name(int dir, const char *name, void *prefix, struct error *err)
{
        (void)err;
        if (catalogue_is_unfinished(name, prefix))
                unlinkat(dir, name, 0);
        return 0;
}

/* A value that nobody has any more is not to lie about, even encrypted. Who changes secrets holds
 * the lock, and so all that is unfinished will remain so. */
static void catalogue_sweep(int dir)
{
        char all[] = "";

        io_each_name(dir, ".", catalogue_sweep_name, all, NULL);
        for (int encrypted = 0; encrypted < 2; encrypted++) {
                AUTO_FREE char *store = secret_store(encrypted);
                AUTO_FREE char *prefix = secret_credential("", encrypted);

                if (store)
                        io_each_name(AT_FDCWD, store, catalogue_sweep_name, prefix, NULL);
        }
}

/* --- making one */

static int catalogue_write_value(const char *name, bool encrypted, const void *data, size_t length,
                                 struct error *err)
{
        AUTO_FREE char *store = secret_store(encrypted);
        AUTO_FREE char *credential = secret_credential(name, encrypted);
        AUTO_FREE char *path = NULL;

        if (!store)
                return error_set(err, ENOENT, "no home directory to keep secrets in");
        path = str_format("%s/%s", store, credential);
        if (io_make_dirs(AT_FDCWD, store, 0700, err) < 0)
                return -1;
        return io_write_file(AT_FDCWD, path, data, length, 0600, IO_SYNC, err);
}

/* The other form of it goes: which of the two counts would be a riddle. */
static int catalogue_remove_form(const char *name, bool encrypted, struct error *err)
{
        AUTO_FREE char *store = secret_store(encrypted);
        AUTO_FREE char *credential = secret_credential(name, encrypted);
        AUTO_FREE char *path = store ? str_format("%s/%s", store, credential) : NULL;

        if (path && unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
                return error_errno(err, errno, "cannot remove %s", path);
        return 0;
}

static int catalogue_write_description(int dir, const struct secret *secret, struct error *err)
{
        AUTO_JSON struct json_object *object = json_object_new_object();
        AUTO_FREE char *name = str_format("%s.json", secret->name);
        AUTO_FREE char *text = NULL;

        json_set_pairs(object, "labels", &secret->labels);
        json_set_string(object, "id", secret->id);
        json_set_string(object, "created", secret->created);
        json_set_string(object, "updated", secret->updated);
        text = json_text(object, false);
        return io_write_file(dir, name, text, strlen(text), 0600, IO_SYNC, err);
}

static int catalogue_check_value(const struct secret_value *value, struct error *err)
{
        if (value->length == 0)
                return error_set(err, EINVAL, "the secret is empty");
        if (value->length > SECRET_SIZE_MAX)
                return error_set(err, EFBIG, "the secret is larger than %d bytes", SECRET_SIZE_MAX);
        return 0;
}

static int catalogue_write(int dir, const struct secret_order *order,
                           const struct secret_value *value, const struct secret *old,
                           struct secret *secret, bool *ret_plain, struct error *err)
{
        AUTO_FREE char *text = NULL;
        bool plain = str_equal(order->key, "plain");

        if (!plain && creds_encrypt(order->name, order->key, value, &text, err) < 0)
                return -1;
        if (text ? catalogue_write_value(order->name, true, text, strlen(text), err) < 0
                 : catalogue_write_value(order->name, false, value->data, value->length, err) < 0)
                return -1;
        if (catalogue_remove_form(order->name, !text, err) < 0)
                return -1;
        *ret_plain = !text && !plain;
        secret->name = str_dup(order->name);
        secret->id = old->id ? str_dup(old->id) : stamp_new_id(CATALOGUE_ID_DIGITS);
        secret->updated = stamp_now();
        secret->created = str_dup(old->created ? old->created : secret->updated);
        strv_append_all(&secret->labels, order->labels);
        return catalogue_write_description(dir, secret, err);
}

int catalogue_create(const char *storage, const struct secret_order *order,
                     const struct secret_value *value, char **ret_id, bool *ret_plain,
                     struct error *err)
{
        CLEANUP(secret_free) struct secret old = { 0 }, secret = { 0 };
        AUTO_ERROR struct error missing = { 0 };
        AUTO_CLOSE int dir = -1;
        bool plain;

        if (secret_check_name(order->name, err) < 0 || creds_check_key(order->key, err) < 0 ||
            catalogue_check_value(value, err) < 0)
                return -1;
        dir = catalogue_lock(storage, err);
        if (dir < 0)
                return -1;
        catalogue_sweep(dir);
        if (catalogue_get(storage, order->name, &old, &missing) < 0) {
                if (missing.code != ENOENT)
                        return error_set(err, missing.code, "%s", missing.message);
        } else if (order->ignore) {
                *ret_plain = false;
                *ret_id = steal_str(&old.id);
                return 0;
        } else if (!order->replace) {
                return error_set(err, EEXIST,
                                 "there is a secret '%s' already: use --replace, or another name",
                                 order->name);
        }
        if (catalogue_write(dir, order, value, &old, &secret, &plain, err) < 0)
                return error_wrap(err, "secret '%s'", order->name);
        *ret_plain = plain;
        *ret_id = steal_str(&secret.id);
        return 0;
}

/* --- finding them */

struct catalogue_walk {
        struct strv names;
        const char *prefix;
};

static int catalogue_take_name(int dir, const char *name, void *context, struct error *err)
{
        struct catalogue_walk *walk = context;
        const char *rest = str_after(name, walk->prefix);

        (void)dir;
        (void)err;
        if (rest && secret_name_valid(rest) && !strv_contains(&walk->names, rest))
                strv_append(&walk->names, rest);
        return 0;
}

static int catalogue_names(struct strv *ret, struct error *err)
{
        struct catalogue_walk walk = { 0 };

        for (int encrypted = 0; encrypted < 2; encrypted++) {
                AUTO_STRV struct strv stores = { 0 };
                AUTO_FREE char *prefix = secret_credential("", encrypted);

                walk.prefix = prefix;
                secret_stores(encrypted, &stores);
                for (size_t i = 0; i < stores.count; i++) {
                        AUTO_ERROR struct error failed = { 0 };

                        if (io_each_name(AT_FDCWD, stores.items[i], catalogue_take_name, &walk,
                                         &failed) < 0 &&
                            failed.code != ENOENT && failed.code != ENOTDIR) {
                                strv_free(&walk.names);
                                return error_set(err, failed.code, "%s", failed.message);
                        }
                }
        }
        *ret = walk.names;
        return 0;
}

static int catalogue_compare(const void *a, const void *b)
{
        return strcmp(((const struct secret *)a)->name, ((const struct secret *)b)->name);
}

int catalogue_list(const char *storage, struct secret_list *ret, struct error *err)
{
        AUTO_SECRET_LIST struct secret_list list = { 0 };
        AUTO_STRV struct strv names = { 0 };

        if (catalogue_names(&names, err) < 0)
                return -1;
        list.items = alloc_zero(names.count + 1, sizeof *list.items);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error failed = { 0 };

                if (catalogue_get(storage, names.items[i], &list.items[list.count], &failed) == 0)
                        list.count++;
                else if (failed.code != ENOENT) /* gone meanwhile */
                        return error_set(err, failed.code, "%s", failed.message);
        }
        qsort(list.items, list.count, sizeof *list.items, catalogue_compare);
        *ret = list;
        list = (struct secret_list){ 0 };
        return 0;
}

/* Returns the one that the text names, or whose id begins with it; NULL where none or several do.
 */
static struct secret *catalogue_match(const struct secret_list *list, const char *text)
{
        struct secret *found = NULL;

        for (size_t i = 0; i < list->count; i++)
                if (str_equal(list->items[i].name, text))
                        return &list->items[i];
        for (size_t i = 0; i < list->count; i++) {
                if (!str_has_prefix(list->items[i].id, text))
                        continue;
                if (found)
                        return NULL;
                found = &list->items[i];
        }
        return found;
}

int catalogue_find(const char *storage, const char *text, struct secret *ret, struct error *err)
{
        AUTO_SECRET_LIST struct secret_list list = { 0 };
        struct secret *found;

        if (catalogue_list(storage, &list, err) < 0)
                return -1;
        found = *text ? catalogue_match(&list, text) : NULL;
        if (!found)
                return error_set(err, ENOENT, "there is no secret '%s'", text);
        *ret = *found;
        *found = (struct secret){ 0 };
        return 0;
}

int catalogue_remove(const char *storage, const struct secret *secret, struct error *err)
{
        AUTO_CLOSE int dir = catalogue_lock(storage, err);
        AUTO_FREE char *description = str_format("%s.json", secret->name);
        AUTO_FREE char *path = NULL;
        bool encrypted;

        if (dir >= 0)
                catalogue_sweep(dir);
        if (dir < 0 || catalogue_remove_form(secret->name, true, err) < 0 ||
            catalogue_remove_form(secret->name, false, err) < 0)
                return -1;
        if (unlinkat(dir, description, 0) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot remove what is known of '%s'", secret->name);
        if (secret_find(secret->name, &path, &encrypted, NULL) == 0)
                return error_set(err, EROFS,
                                 "secret '%s' is still in %s, which is not ours to change",
                                 secret->name, path);
        return 0;
}
