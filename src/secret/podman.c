/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "podman.h"

#include "../base/base64.h"
#include "../base/json.h"

#include <errno.h>
#include <fcntl.h>

enum {
        PODMAN_FILE_MAX = 256 << 20
};

void podman_secrets_free(struct podman_secrets *secrets)
{
        for (size_t i = 0; i < secrets->count; i++) {
                free(secrets->items[i].name);
                strv_free(&secrets->items[i].labels);
                secret_value_free(&secrets->items[i].value);
        }
        free(secrets->items);
        strv_free(&secrets->notes);
        *secrets = (struct podman_secrets){ 0 };
}

/* The values that a description points to; NULL where the file is missing. */
static int podman_read_values(const char *dir, struct json_object *description,
                              struct json_object **ret, struct error *err)
{
        struct json_object *options = NULL;
        AUTO_ERROR struct error failed = { 0 };
        AUTO_FREE char *fallback = str_format("%s/filedriver", dir);
        const char *path = NULL;
        AUTO_FREE char *file = NULL;

        if (json_get_object(description, "driverOptions", &options, err) < 0 ||
            (options && json_get_string(options, "path", &path, err) < 0))
                return -1;
        file = str_format("%s/secretsdata.json", str_empty(path) ? fallback : path);
        if (json_read_file(AT_FDCWD, file, PODMAN_FILE_MAX, ret, &failed) == 0)
                return 0;
        if (failed.code == ENOENT)
                return 0;
        return error_set(err, failed.code, "%s", failed.message);
}

static void podman_read_labels(struct json_object *description, struct strv *ret)
{
        struct json_object *labels = NULL;

        if (json_get_object(description, "labels", &labels, NULL) < 0 || !labels)
                return;
        json_object_object_foreach(labels, name,
                                   value) if (*name && json_object_is_type(value, json_type_string))
                strv_appendf(ret, "%s=%s", name, json_object_get_string(value));
}

static int podman_decode(const char *dir, const char *id, struct json_object *description,
                         struct secret_value *ret, struct error *err)
{
        AUTO_JSON struct json_object *values = NULL;
        const char *text = NULL;

        if (podman_read_values(dir, description, &values, err) < 0 ||
            (values && json_get_string(values, id, &text, err) < 0))
                return -1;
        ret->data = text ? base64_decode(text, &ret->length) : NULL;
        return 0;
}

/* Why a description cannot be taken over, or NULL. */
static const char *podman_obstacle(struct json_object *description, const char *name)
{
        const char *driver = NULL;

        if (json_get_string(description, "driver", &driver, NULL) < 0 || !str_equal(driver, "file"))
                return "its driver is not 'file'";
        return secret_name_valid(name) ? NULL : "crunit has no secrets with such a name";
}

static int podman_add(const char *dir, const char *id, struct json_object *description,
                      struct podman_secrets *list, struct error *err)
{
        CLEANUP(secret_value_free) struct secret_value value = { 0 };
        const char *name = NULL, *obstacle;

        if (!json_object_is_type(description, json_type_object) ||
            json_get_string(description, "name", &name, err) < 0)
                return error_set(err, EBADMSG, "the secret %s has no name", id);
        obstacle = podman_obstacle(description, name ? name : "");
        if (!obstacle && podman_decode(dir, id, description, &value, err) < 0)
                return -1;
        if (!obstacle && !value.length)
                obstacle = "its value is missing";
        if (obstacle) {
                strv_appendf(&list->notes, "secret '%s' is left out: %s", name ? name : id,
                             obstacle);
                return 0;
        }
        list->items = alloc_grow(list->items, list->count + 1, sizeof *list->items);
        list->items[list->count] = (struct podman_secret){ .name = str_dup(name), .value = value };
        podman_read_labels(description, &list->items[list->count++].labels);
        value = (struct secret_value){ 0 };
        return 0;
}

static int podman_compare(const void *a, const void *b)
{
        return strcmp(((const struct podman_secret *)a)->name,
                      ((const struct podman_secret *)b)->name);
}

int podman_secrets_read(const char *dir, struct podman_secrets *ret, struct error *err)
{
        AUTO_PODMAN_SECRETS struct podman_secrets list = { 0 };
        AUTO_FREE char *path = str_format("%s/secrets.json", dir);
        AUTO_JSON struct json_object *file = NULL;
        struct json_object *secrets = NULL;

        if (json_read_file(AT_FDCWD, path, PODMAN_FILE_MAX, &file, err) < 0 ||
            json_get_object(file, "secrets", &secrets, err) < 0)
                return -1;
        if (secrets) {
                json_object_object_foreach(
                        secrets, id, description) if (podman_add(dir, id, description, &list, err) <
                                                      0) return error_wrap(err, "%s", path);
        }
        if (list.count)
                qsort(list.items, list.count, sizeof *list.items, podman_compare);
        *ret = list;
        list = (struct podman_secrets){ 0 };
        return 0;
}
