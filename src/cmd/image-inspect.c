/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit image inspect */
#include "../base/json.h"
#include "../base/log.h"
#include "../image/image.h"
#include "../image/reference.h"
#include "format.h"
#include "image-cmd.h"

#include <errno.h>
#include <stddef.h>

struct inspect_arguments {
        char *root, *format; /* owned */
};

const struct option_row cmd_image_inspect_options[] = {
        { "format", 'f', OPTION_VALUE, "FORMAT", "json, or a template such as '{{.Id}}'",
          format_take, offsetof(struct inspect_arguments, format) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string,
          offsetof(struct inspect_arguments, root) },
        { .name = NULL },
};

static void inspect_arguments_free(struct inspect_arguments *arguments)
{
        free(arguments->root);
        free(arguments->format);
}

static void inspect_add_names(struct json_object *object, const struct store_entry *entries,
                              size_t count, const char *digest)
{
        AUTO_STRV struct strv names = { 0 };
        AUTO_STRV struct strv digests = { 0 };

        for (size_t i = 0; i < count; i++) {
                const char *name = entries[i].name;
                AUTO_FREE char *with_digest = NULL;

                if (!name || !str_equal(entries[i].descriptor.digest, digest))
                        continue;
                with_digest =
                        str_format("%.*s@%s", (int)reference_repository_length(name), name, digest);
                strv_append(&names, name);
                if (!strv_contains(&digests, with_digest))
                        strv_append(&digests, with_digest);
        }
        json_set_strv(object, "RepoTags", &names);
        json_set_strv(object, "RepoDigests", &digests);
}

/* A template may ask for what the image does not set: then it is empty, as podman's is. */
static void inspect_complete(struct json_object *object)
{
        static const struct {
                const char *name;
                enum json_type type;
        } members[] = {
                { "User", json_type_string },       { "WorkingDir", json_type_string },
                { "StopSignal", json_type_string }, { "Env", json_type_array },
                { "Entrypoint", json_type_array },  { "Cmd", json_type_array },
                { "Labels", json_type_object },     { "ExposedPorts", json_type_object },
                { "Volumes", json_type_object },
        };
        struct json_object *config = json_object_object_get(object, "Config");

        for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
                const char *name = members[i].name;

                if (json_object_object_get(config, name))
                        continue;
                if (members[i].type == json_type_array)
                        json_add_array(config, name);
                else if (members[i].type == json_type_object)
                        json_add_object(config, name);
                else
                        json_set_string(config, name, "");
        }
        if (!json_object_object_get(object, "Created"))
                json_set_string(object, "Created", "");
        if (!json_object_object_get(object, "Author"))
                json_set_string(object, "Author", "");
        json_object_object_add(object, "User",
                               json_object_get(json_object_object_get(config, "User")));
        json_object_object_add(object, "Labels",
                               json_object_get(json_object_object_get(config, "Labels")));
}

/* The configuration as it is in the store: its members are what people look for. */
static int inspect_add_config(struct store *store, struct json_object *object, const char *id,
                              struct error *err)
{
        AUTO_FREE char *digest = str_format("sha256:%s", id);
        AUTO_JSON struct json_object *config = NULL;
        struct json_object *inner = NULL, *history = NULL;
        const char *author = NULL;

        if (store_read_blob(store, digest, CONFIG_MAX_SIZE, &config, err) < 0 ||
            json_get_string(config, "author", &author, err) < 0 ||
            json_get_object(config, "config", &inner, err) < 0 ||
            json_get_array(config, "history", &history, err) < 0)
                return -1;
        json_object_object_add(object, "Config",
                               inner ? json_object_get(inner) : json_object_new_object());
        json_set_string(object, "Author", author);
        if (history)
                json_object_object_add(object, "History", json_object_get(history));
        return 0;
}

static struct json_object *inspect_object(const struct image *image,
                                          const struct manifest *manifest)
{
        struct json_object *object = json_object_new_object(), *rootfs;
        uint64_t size = manifest->config.size;

        for (size_t i = 0; i < manifest->layer_count; i++)
                size += manifest->layers[i].size;
        json_set_string(object, "Id", image->id);
        json_set_string(object, "Digest", image->digest);
        json_set_string(object, "Created", image->config.created);
        json_set_string(object, "Architecture", image->config.architecture);
        json_set_string(object, "Variant", image->config.variant);
        json_set_string(object, "Os", image->config.os);
        json_object_object_add(object, "Size", json_object_new_int64((int64_t)size));
        rootfs = json_add_object(object, "RootFS");
        json_set_string(rootfs, "Type", "layers");
        json_set_strv(rootfs, "Layers", &image->config.diff_ids);
        json_set_strv(object, "LayerDirectories", &image->layers);
        return object;
}

static int inspect_one(struct store *store, const char *text, const struct store_entry *entries,
                       size_t count, struct json_object *list, struct error *err)
{
        AUTO_IMAGE struct image image = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        const struct store_entry *entry = NULL;

        if (store_find(store, text, entries, count, &entry, err) < 0 ||
            image_read(store, entry, &image, &manifest, err) < 0)
                return -1;
        object = inspect_object(&image, &manifest);
        inspect_add_names(object, entries, count, entry->descriptor.digest);
        if (inspect_add_config(store, object, image.id, err) < 0)
                return -1;
        json_object_array_add(list, steal_ptr(&object));
        return 0;
}

static int inspect_name(const char *root, const char *name, struct json_object *list,
                        struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        struct store_entry *entries;
        size_t count;
        int result;

        if (cmd_open_store_of(root, name, &store, err) < 0 ||
            store_list(&store, &entries, &count, err) < 0)
                return -1;
        result = inspect_one(&store, name, entries, count, list, err);
        store_list_free(entries, count);
        return result;
}

int cmd_image_inspect(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(inspect_arguments_free) struct inspect_arguments arguments = { 0 };
        AUTO_JSON struct json_object *list = json_object_new_array();
        AUTO_ERROR struct error unprintable = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, -1, &first, &status))
                return status;
        status = EXIT_SUCCESS;
        for (; first < argc; first++) {
                AUTO_ERROR struct error err = { 0 };

                if (inspect_name(arguments.root, argv[first], list, &err) < 0) {
                        log_failure(&err);
                        status = 125;
                }
        }
        for (size_t i = 0; arguments.format && i < json_object_array_length(list); i++)
                if (!format_is_json(arguments.format))
                        inspect_complete(json_object_array_get_idx(list, i));
        if (format_print_objects(arguments.format, list, &unprintable) == 0)
                return status;
        return log_failure(&unprintable);
}
