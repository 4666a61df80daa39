/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cdi.h"

#include "../base/io.h"
#include "../base/spawn.h"

#include <errno.h>
#include <stdlib.h>

enum {
        CDI_FILE_MAX = 4 << 20
};

/* A file of one of the directories. */
struct cdi_file {
        char *path;               /* owned */
        struct json_object *root; /* owned; NULL where it cannot be read */
        size_t directory;         /* a higher one counts more */
        bool applied;             /* what concerns all of its devices is in the spec */
};

struct cdi_files {
        struct cdi_file *items; /* owned */
        size_t count;
        struct strv problems; /* what is wrong with files */
};

static void cdi_files_free(struct cdi_files *files)
{
        for (size_t i = 0; i < files->count; i++) {
                free(files->items[i].path);
                json_object_put(files->items[i].root);
        }
        free(files->items);
        strv_free(&files->problems);
}

static size_t cdi_word(const char *text, const char *more)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        size_t length = 0;

        while (text[length] && (strchr(letters, text[length]) || strchr(more, text[length])))
                length++;
        return length;
}

bool cdi_name_valid(const char *text)
{
        size_t vendor = cdi_word(text, "0123456789_.-");
        size_t class = text[vendor] == '/' ? cdi_word(text + vendor + 1, "0123456789_-") : 0;
        const char *name = class ? text + vendor + 1 + class : "";

        return vendor && class && *name == '=' && name[1] && !strchr("_.-:", name[1]) &&
               !name[1 + cdi_word(name + 1, "0123456789_.:-")];
}

/* --- files */

static int cdi_read_yaml(const char *path, struct json_object **ret, struct error *err)
{
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *text = NULL;
        int status;

        strv_appendf(&words, "%s/crunit-yaml", directory ? directory : LIBEXECDIR);
        strv_append(&words, path);
        status = spawn_run(&words, NULL, SPAWN_BOTH, &text, err);
        if (status < 0)
                return -1;
        if (status == SPAWN_NOT_FOUND)
                return error_set(err, ENOENT, "cannot execute %s", words.items[0]);
        if (status != 0) {
                text[strcspn(text, "\n")] = '\0';
                return error_set(err, EBADMSG, "%s", text);
        }
        return json_parse(text, strlen(text), path, ret, err);
}

static int cdi_read_file(struct cdi_file *file, struct error *err)
{
        if (str_has_suffix(file->path, ".json"))
                return json_read_file(AT_FDCWD, file->path, CDI_FILE_MAX, &file->root, err);
        return cdi_read_yaml(file->path, &file->root, err);
}

static int cdi_take_name(int dir, const char *name, void *context, struct error *err)
{
        (void)dir;
        (void)err;
        if (str_has_suffix(name, ".json") || str_has_suffix(name, ".yaml") ||
            str_has_suffix(name, ".yml"))
                strv_append(context, name);
        return 0;
}

static void cdi_read_directory(struct cdi_files *files, const char *directory, size_t number)
{
        AUTO_STRV struct strv names = { 0 };

        io_each_name(AT_FDCWD, directory, cdi_take_name, &names, NULL);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error err = { 0 };
                struct cdi_file *file;

                files->items = alloc_grow(files->items, files->count + 1, sizeof *files->items);
                file = &files->items[files->count++];
                *file = (struct cdi_file){ .path = str_format("%s/%s", directory, names.items[i]),
                                           .directory = number };
                if (cdi_read_file(file, &err) < 0)
                        strv_append(&files->problems, err.message);
        }
}

static void cdi_read_all(struct cdi_files *files)
{
        const char *given = secure_getenv("CRUNIT_CDI");
        AUTO_STRV struct strv directories = { 0 };

        strv_split(&directories, given ? given : "/etc/cdi:/run/cdi", ":", false);
        for (size_t i = 0; i < directories.count; i++)
                cdi_read_directory(files, directories.items[i], i);
}

/* --- devices */

/* The device of that name in a file of that kind, or NULL. Borrowed. */
static struct json_object *cdi_file_device(const struct cdi_file *file, const char *kind,
                                           const char *name)
{
        struct json_object *devices = NULL;
        const char *found = NULL;

        if (!file->root || json_get_string(file->root, "kind", &found, NULL) < 0 ||
            !str_equal(found, kind) || json_get_array(file->root, "devices", &devices, NULL) < 0)
                return NULL;
        for (size_t i = 0; devices && i < json_object_array_length(devices); i++) {
                struct json_object *device = json_object_array_get_idx(devices, i);
                const char *called = NULL;

                if (json_object_is_type(device, json_type_object) &&
                    json_get_string(device, "name", &called, NULL) == 0 && str_equal(called, name))
                        return device;
        }
        return NULL;
}

static int cdi_missing(const struct cdi_files *files, const char *text, struct error *err)
{
        AUTO_FREE char *problems = strv_join(&files->problems, "; ");

        return error_set(err, ENODEV,
                         "--device %s: no file in /etc/cdi or /run/cdi has this device%s%s%s", text,
                         *problems ? " (" : "", problems, *problems ? ")" : "");
}

static int cdi_find(const struct cdi_files *files, const char *text, struct cdi_file **ret_file,
                    struct json_object **ret_device, struct error *err)
{
        AUTO_FREE char *kind = str_dupn(text, strcspn(text, "="));
        const char *name = strchr(text, '=') + 1;
        struct cdi_file *found = NULL;
        const struct cdi_file *twin = NULL;

        for (size_t i = 0; i < files->count; i++) {
                struct json_object *device = cdi_file_device(&files->items[i], kind, name);

                if (!device || (found && found->directory > files->items[i].directory))
                        continue;
                twin = found && found->directory == files->items[i].directory ? found : NULL;
                found = &files->items[i];
                *ret_device = device;
        }
        if (!found)
                return cdi_missing(files, text, err);
        if (twin)
                return error_set(err, EEXIST, "--device %s: both %s and %s have this device", text,
                                 twin->path, found->path);
        *ret_file = found;
        return 0;
}

static int cdi_edits_of(struct container_spec *spec, struct json_object *object, struct error *err)
{
        struct json_object *edits = NULL;

        if (json_get_object(object, "containerEdits", &edits, err) < 0)
                return -1;
        return cdi_apply_edits(spec, edits, err);
}

static int cdi_apply_device(struct container_spec *spec, const struct cdi_files *files,
                            const char *text, struct error *err)
{
        struct json_object *device = NULL;
        struct cdi_file *file = NULL;

        if (cdi_find(files, text, &file, &device, err) < 0 || !file)
                return -1;
        if ((!file->applied && cdi_edits_of(spec, file->root, err) < 0) ||
            cdi_edits_of(spec, device, err) < 0)
                return error_wrap(err, "--device %s: %s", text, file->path);
        file->applied = true;
        return 0;
}

/* Take the devices by name out of the spec. */
static void cdi_take_devices(struct container_spec *spec, struct strv *ret)
{
        size_t kept = 0;

        for (size_t i = 0; i < spec->device_count; i++) {
                if (spec->devices[i].container) {
                        spec->devices[kept++] = spec->devices[i];
                        continue;
                }
                if (!strv_contains(ret, spec->devices[i].host))
                        strv_append(ret, spec->devices[i].host);
                free(spec->devices[i].host);
        }
        spec->device_count = kept;
}

int cdi_apply(struct container_spec *spec, struct error *err)
{
        CLEANUP(cdi_files_free) struct cdi_files files = { 0 };
        AUTO_STRV struct strv names = { 0 };

        cdi_take_devices(spec, &names);
        if (names.count)
                cdi_read_all(&files);
        for (size_t i = 0; i < names.count; i++)
                if (cdi_apply_device(spec, &files, names.items[i], err) < 0)
                        return -1;
        return 0;
}
