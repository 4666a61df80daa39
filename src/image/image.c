/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image.h"

#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

enum image_kind {
        IMAGE_STRING,
        IMAGE_LIST,
        IMAGE_KEYS,  /* {"/data":{}} → the keys */
        IMAGE_PAIRS, /* {"k":"v"} → "k=v" */
        IMAGE_TEXT,  /* any object, as JSON text */
};

struct image_key {
        const char *key;
        enum image_kind kind;
        size_t field; /* offset in struct image_config */
};

#define FIELD(name) offsetof(struct image_config, name)

static const struct image_key image_top_keys[] = {
        { "architecture", IMAGE_STRING, FIELD(architecture) },
        { "os", IMAGE_STRING, FIELD(os) },
        { "variant", IMAGE_STRING, FIELD(variant) },
        { "created", IMAGE_STRING, FIELD(created) },
        { NULL },
};

static const struct image_key image_config_keys[] = {
        { "Entrypoint", IMAGE_LIST, FIELD(entrypoint) },
        { "Cmd", IMAGE_LIST, FIELD(cmd) },
        { "Env", IMAGE_LIST, FIELD(env) },
        { "WorkingDir", IMAGE_STRING, FIELD(workdir) },
        { "User", IMAGE_STRING, FIELD(user) },
        { "StopSignal", IMAGE_STRING, FIELD(stop_signal) },
        { "Volumes", IMAGE_KEYS, FIELD(volumes) },
        { "Labels", IMAGE_PAIRS, FIELD(labels) },
        { "ExposedPorts", IMAGE_KEYS, FIELD(exposed_ports) },
        { "Healthcheck", IMAGE_TEXT, FIELD(healthcheck) },
        { NULL },
};

/* Append the members' names, with "=value" when asked. */
static int image_read_members(struct json_object *object, const char *key, bool pairs,
                              struct strv *list, struct error *err)
{
        struct json_object *members = NULL;

        if (json_get_object(object, key, &members, err) < 0)
                return -1;
        if (!members)
                return 0;
        json_object_object_foreach(members, name, unused)
        {
                const char *value = "";

                (void)unused;
                if (pairs && json_get_string(members, name, &value, err) < 0)
                        return error_wrap(err, "%s", key);
                if (pairs)
                        strv_appendf(list, "%s=%s", name, value);
                else
                        strv_append(list, name);
        }
        return 0;
}

static int image_read_text(struct json_object *object, const char *key, char **place,
                           struct error *err)
{
        struct json_object *member = NULL;

        if (json_get_object(object, key, &member, err) < 0)
                return -1;
        if (member) {
                free(*place);
                *place = json_text(member, false);
        }
        return 0;
}

static int image_read_key(struct json_object *object, const struct image_key *row,
                          struct image_config *config, struct error *err)
{
        void *place = (char *)config + row->field;

        switch (row->kind) {
        case IMAGE_STRING:
                return json_copy_string(object, row->key, place, err);
        case IMAGE_LIST:
                return json_get_strv(object, row->key, place, err);
        case IMAGE_KEYS:
                return image_read_members(object, row->key, false, place, err);
        case IMAGE_PAIRS:
                return image_read_members(object, row->key, true, place, err);
        case IMAGE_TEXT:
                return image_read_text(object, row->key, place, err);
        }
        return error_set(err, EINVAL, "%s: no such kind", row->key);
}

static int image_read_keys(struct json_object *object, const struct image_key *rows,
                           struct image_config *config, struct error *err)
{
        for (; rows->key; rows++)
                if (image_read_key(object, rows, config, err) < 0)
                        return -1;
        return 0;
}

static int image_read_rootfs(struct json_object *document, struct image_config *config,
                             struct error *err)
{
        struct json_object *rootfs = NULL;
        const char *type = "layers";

        if (json_get_object(document, "rootfs", &rootfs, err) < 0)
                return -1;
        if (!rootfs)
                return error_set(err, EBADMSG, "has no rootfs: not an image's configuration");
        if (json_get_string(rootfs, "type", &type, err) < 0 ||
            json_get_strv(rootfs, "diff_ids", &config->diff_ids, err) < 0)
                return -1;
        if (!str_equal(type, "layers"))
                return error_set(err, EBADMSG, "rootfs is of type '%s', not layers", type);
        for (size_t i = 0; i < config->diff_ids.count; i++)
                if (!digest_hex(config->diff_ids.items[i]))
                        return error_set(err, EBADMSG, "diff_ids[%zu] is not sha256: and 64 digits",
                                         i);
        return 0;
}

int image_config_parse(struct json_object *document, const char *name, struct image_config *ret,
                       struct error *err)
{
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };
        struct json_object *inner = NULL;

        if (image_read_keys(document, image_top_keys, &config, err) < 0 ||
            image_read_rootfs(document, &config, err) < 0 ||
            json_get_object(document, "config", &inner, err) < 0 ||
            (inner && image_read_keys(inner, image_config_keys, &config, err) < 0))
                return error_wrap(err, "%s", name);
        *ret = config;
        config = (struct image_config){ 0 };
        return 0;
}

void image_config_free(struct image_config *config)
{
        strv_free(&config->entrypoint);
        strv_free(&config->cmd);
        strv_free(&config->env);
        strv_free(&config->volumes);
        strv_free(&config->labels);
        strv_free(&config->exposed_ports);
        strv_free(&config->diff_ids);
        free(config->workdir);
        free(config->user);
        free(config->stop_signal);
        free(config->architecture);
        free(config->os);
        free(config->variant);
        free(config->created);
        free(config->healthcheck);
        *config = (struct image_config){ 0 };
}

int image_config_check_platform(const struct image_config *config, const char *name,
                                struct error *err)
{
        struct platform host = platform_host();
        struct platform offered = { .os = config->os,
                                    .architecture = config->architecture,
                                    .variant = config->variant };
        AUTO_FREE char *own = NULL;
        AUTO_FREE char *other = NULL;

        if (platform_rank(&host, &offered))
                return 0;
        own = platform_text(&host);
        other = platform_text(&offered);
        return error_set(err, ENOEXEC, "%s is for %s, this machine is %s", name, other, own);
}

/* Most images have none. */
static void image_add_cover(const struct store *store, struct image *image)
{
        AUTO_FREE char *path = str_format("covers/%s", image->id);

        if (store->fd >= 0 && faccessat(store->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                strv_appendf(&image->layers, "%s/%s", store->root, path);
}

bool image_layer_is_hidden(const struct image_config *config, size_t place)
{
        for (size_t i = place + 1; i < config->diff_ids.count; i++)
                if (str_equal(config->diff_ids.items[i], config->diff_ids.items[place]))
                        return true;
        return false;
}

static void image_list_layers(struct store *store, const struct manifest *manifest,
                              struct image *image)
{
        const struct strv *diff_ids = &image->config.diff_ids;

        for (size_t i = 0; i < diff_ids->count; i++) {
                bool file = i < manifest->layer_count && descriptor_is_file(manifest->layers + i);

                if (!image_layer_is_hidden(&image->config, i))
                        strv_appendf(&image->layers, "%s/%s/%s", store->root,
                                     file ? "blobs/sha256" : "layers",
                                     digest_hex(diff_ids->items[i]));
        }
}

int image_read(struct store *store, const struct store_entry *entry, struct image *ret_image,
               struct manifest *ret_manifest, struct error *err)
{
        AUTO_IMAGE struct image image = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_JSON struct json_object *document = NULL;

        if (store_read_manifest(store, &entry->descriptor, &manifest, &image.digest, err) < 0 ||
            store_read_blob(store, manifest.config.digest, CONFIG_MAX_SIZE, &document, err) < 0 ||
            image_config_parse(document, manifest.config.digest, &image.config, err) < 0)
                return -1;
        image.id = str_dup(digest_hex(manifest.config.digest));
        image.name = str_dup(entry->name);
        image_list_layers(store, &manifest, &image);
        image_add_cover(store, &image);
        *ret_image = image;
        image = (struct image){ 0 };
        if (ret_manifest) {
                *ret_manifest = manifest;
                manifest = (struct manifest){ 0 };
        }
        return 0;
}

/* One that is loaded by reference is its owner's, who may replace it. */
static int image_check_file(const struct descriptor *layer, const char *path, const char *reference,
                            struct error *err)
{
        AUTO_FREE char *target = realpath(path, NULL);
        AUTO_FREE char *time = NULL;
        struct stat st;

        if (!target || stat(target, &st) < 0)
                return error_set(err, ESTALE,
                                 "the file of image %s is gone (%s): load the image again",
                                 reference, path);
        time = str_format("%lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        if ((uint64_t)st.st_size != layer->size ||
            (layer->file_time && !str_equal(layer->file_time, time)))
                return error_set(err, ESTALE,
                                 "%s is not the file any more that image %s was loaded from: load "
                                 "it again",
                                 target, reference);
        return 0;
}

/* Why is it not there? A link leads to another store's. */
static int image_missing_layer(const char *path, const char *reference, struct error *err)
{
        char target[PATH_MAX];
        ssize_t length = readlink(path, target, sizeof target - 1);

        if (length < 0)
                return error_set(err, ENODATA,
                                 "image %s is in the store but not unpacked: run `crunit image "
                                 "unpack %s`",
                                 reference, reference);
        target[length] = '\0';
        return error_set(err, ESTALE,
                         "a layer of image %s is used from another store, and is gone there (%s): "
                         "bring that store back, or run `crunit pull %s`",
                         reference, target, reference);
}

static int image_check_layers(const struct image *image, const struct manifest *manifest,
                              const char *root, const char *reference, struct error *err)
{
        for (size_t i = 0; i < manifest->layer_count; i++) {
                const struct descriptor *layer = manifest->layers + i;
                AUTO_FREE char *path = NULL;

                if (!descriptor_is_file(layer))
                        continue;
                path = str_format("%s/blobs/sha256/%s", root, digest_hex(layer->digest));
                if (image_check_file(layer, path, reference, err) < 0)
                        return -1;
        }
        for (size_t i = 0; i < image->layers.count; i++)
                if (access(image->layers.items[i], F_OK) < 0)
                        return image_missing_layer(image->layers.items[i], reference, err);
        return 0;
}

int image_open(struct store *store, const char *reference, struct image *ret_image,
               struct error *err)
{
        AUTO_IMAGE struct image image = { 0 };
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_look_up(store, reference, &found, err) < 0 ||
            image_read(store, found.entry, &image, &manifest, err) < 0 ||
            image_config_check_platform(&image.config, reference, err) < 0 ||
            image_check_layers(&image, &manifest, store->root, reference, err) < 0)
                return -1;
        *ret_image = image;
        image = (struct image){ 0 };
        return 0;
}

void image_free(struct image *image)
{
        free(image->id);
        free(image->digest);
        free(image->name);
        image_config_free(&image->config);
        strv_free(&image->layers);
        *image = (struct image){ 0 };
}
