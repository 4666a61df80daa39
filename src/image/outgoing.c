/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outgoing.h"

#include "../base/io.h"
#include "digest.h"
#include "image.h"
#include "reference.h"

#include <errno.h>
#include <sys/stat.h>

#define OUTGOING_OCI_FOREIGN    "application/vnd.oci.image.layer.nondistributable.v1.tar"
#define OUTGOING_DOCKER_FOREIGN "application/vnd.docker.image.rootfs.foreign.diff.tar"

/* The words of both worlds for the same. Docker's never had zstd; some tools write it all the same.
 */
static const struct outgoing_type {
        const char *oci, *docker;
        const char *suffix; /* of a layer, NULL for others */
        bool read_only;     /* Docker's is understood, and not written */
} outgoing_types[] = {
        { MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST, NULL, false },
        { MEDIA_OCI_CONFIG, MEDIA_DOCKER_CONFIG, NULL, false },
        { MEDIA_OCI_LAYER, MEDIA_DOCKER_LAYER, "", false },
        { MEDIA_OCI_LAYER "+gzip", MEDIA_DOCKER_LAYER ".gzip", "+gzip", false },
        { MEDIA_OCI_LAYER "+zstd", MEDIA_DOCKER_LAYER ".zstd", "+zstd", true },
        { OUTGOING_OCI_FOREIGN, OUTGOING_DOCKER_FOREIGN, "", false },
        { OUTGOING_OCI_FOREIGN "+gzip", OUTGOING_DOCKER_FOREIGN ".gzip", "+gzip", false },
};

static const struct outgoing_type *outgoing_find_type(const char *media_type)
{
        for (size_t i = 0; i < sizeof outgoing_types / sizeof *outgoing_types; i++)
                if (str_equal(outgoing_types[i].oci, media_type) ||
                    str_equal(outgoing_types[i].docker, media_type))
                        return outgoing_types + i;
        return NULL;
}

void outgoing_free(struct outgoing *outgoing)
{
        for (size_t i = 0; outgoing->blobs && i < outgoing->manifest.layer_count; i++)
                cleanup_close(outgoing->blobs + i);
        free(outgoing->blobs);
        free(outgoing->name);
        free(outgoing->document);
        free(outgoing->media_type);
        free(outgoing->digest);
        free(outgoing->config);
        strv_free(&outgoing->diff_ids);
        manifest_free(&outgoing->manifest);
        *outgoing = (struct outgoing){ 0 };
}

/* --- out of the store */

/* flags: O_NOFOLLOW, or 0 for one that may be elsewhere. */
static int outgoing_open_file(struct store *store, const char *digest, int flags, int *ret_fd,
                              struct error *err)
{
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(digest));
        int fd = openat(store->fd, path, O_RDONLY | O_CLOEXEC | flags);

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s/%s", store->root, path);
        *ret_fd = fd;
        return 0;
}

int outgoing_read_document(struct store *store, const char *digest, size_t max, char **ret_data,
                           size_t *ret_length, struct error *err)
{
        AUTO_FREE char *data = NULL;
        AUTO_FREE char *found = NULL;
        AUTO_CLOSE int fd = -1;
        size_t length;

        if (outgoing_open_file(store, digest, O_NOFOLLOW, &fd, err) < 0 ||
            io_read_fd(fd, digest, max, &data, &length, err) < 0)
                return -1;
        found = digest_of(data, length);
        if (!str_equal(found, digest))
                return error_set(err, EBADMSG,
                                 "%s is damaged in the store: its digest is %s; see `crunit image "
                                 "check`",
                                 digest, found);
        *ret_data = steal_str(&data);
        *ret_length = length;
        return 0;
}

bool outgoing_is_name(const struct store_entry *entry, const char *text)
{
        static const char *const registries[] = { "localhost", "docker.io" };

        for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
                AUTO_FREE char *name = NULL;

                if (!strchr(text, '@') &&
                    reference_normalize(text, registries[i], &name, NULL) == 0 &&
                    str_equal(entry->name, name))
                        return true;
        }
        return false;
}

static int outgoing_read_type(struct outgoing *outgoing, const struct descriptor *descriptor,
                              struct error *err)
{
        AUTO_JSON struct json_object *document = NULL;
        const char *type = NULL;

        if (json_parse(outgoing->document, outgoing->document_length, outgoing->digest, &document,
                       err) < 0 ||
            json_get_string(document, "mediaType", &type, err) < 0)
                return -1;
        if (!type && str_equal(descriptor->digest, outgoing->digest))
                type = descriptor->media_type;
        outgoing->media_type = str_dup(type ? type : MEDIA_OCI_MANIFEST);
        return 0;
}

static int outgoing_read_config(struct store *store, struct outgoing *outgoing, struct error *err)
{
        const char *digest = outgoing->manifest.config.digest;
        AUTO_JSON struct json_object *document = NULL;
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };

        if (outgoing_read_document(store, digest, CONFIG_MAX_SIZE, &outgoing->config,
                                   &outgoing->config_length, err) < 0 ||
            json_parse(outgoing->config, outgoing->config_length, digest, &document, err) < 0 ||
            image_config_parse(document, digest, &config, err) < 0)
                return -1;
        if (config.diff_ids.count != outgoing->manifest.layer_count)
                return error_set(err, EBADMSG,
                                 "%zu layers are in the manifest, the configuration has %zu",
                                 outgoing->manifest.layer_count, config.diff_ids.count);
        outgoing->diff_ids = config.diff_ids;
        config.diff_ids = (struct strv){ 0 };
        return 0;
}

int outgoing_open_blob(struct store *store, const struct descriptor *blob, int *ret_fd,
                       struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_CLOSE int fd = -1;
        struct stat st;

        /* What another store has is a link. */
        if (outgoing_open_file(store, blob->digest, 0, &fd, &reason) < 0 && reason.code == ENOENT)
                return error_set(err, ENODATA,
                                 "its blob %s is not in the store: pull or load the image again, "
                                 "with keep-blobs=yes in crunit.conf(5)",
                                 blob->digest);
        if (fd < 0)
                return error_set(err, reason.code, "%s", reason.message);
        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot read %s", blob->digest);
        if ((uint64_t)st.st_size != blob->size)
                return error_set(err, EBADMSG,
                                 "its blob %s is damaged: it has %llu bytes, not %llu; see "
                                 "`crunit image check`",
                                 blob->digest, (unsigned long long)st.st_size,
                                 (unsigned long long)blob->size);
        *ret_fd = steal_fd(&fd);
        return 0;
}

static int outgoing_open_layers(struct store *store, struct outgoing *outgoing, struct error *err)
{
        size_t count = outgoing->manifest.layer_count;

        outgoing->blobs = alloc_zero(count, sizeof *outgoing->blobs);
        for (size_t i = 0; i < count; i++)
                outgoing->blobs[i] = -1;
        for (size_t i = 0; i < count; i++)
                if (outgoing_open_blob(store, outgoing->manifest.layers + i, outgoing->blobs + i,
                                       err) < 0)
                        return error_wrap(err, "layer %zu", i + 1);
        return 0;
}

static int outgoing_read_entry(struct store *store, const struct store_entry *entry,
                               struct outgoing *outgoing, struct error *err)
{
        if (store_read_manifest(store, &entry->descriptor, &outgoing->manifest, &outgoing->digest,
                                err) < 0 ||
            outgoing_read_document(store, outgoing->digest, MANIFEST_MAX_SIZE, &outgoing->document,
                                   &outgoing->document_length, err) < 0 ||
            outgoing_read_type(outgoing, &entry->descriptor, err) < 0 ||
            outgoing_read_config(store, outgoing, err) < 0)
                return -1;
        return outgoing_open_layers(store, outgoing, err);
}

int outgoing_read(struct store *store, const char *reference, struct outgoing *ret,
                  struct error *err)
{
        AUTO_OUTGOING struct outgoing outgoing = { 0 };
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (store_look_up(store, reference, &found, err) < 0)
                return -1;
        if (outgoing_is_name(found.entry, reference))
                outgoing.name = str_dup(found.entry->name);
        if (outgoing_read_entry(store, found.entry, &outgoing, err) < 0)
                return error_wrap(err, "image %s", reference);
        *ret = outgoing;
        outgoing = (struct outgoing){ 0 };
        return 0;
}

/* --- another form */

bool outgoing_has_form(const struct outgoing *outgoing, enum outgoing_form form)
{
        bool docker = str_equal(outgoing->media_type, MEDIA_DOCKER_MANIFEST);

        return docker == (form == OUTGOING_DOCKER);
}

/* What people wrote about the image stays where the form has a place for it. */
static void outgoing_keep_annotations(const struct outgoing *outgoing, struct json_object *made)
{
        AUTO_JSON struct json_object *document = NULL;
        struct json_object *annotations = NULL;

        if (!outgoing_has_form(outgoing, OUTGOING_OCI) ||
            json_parse(outgoing->document, outgoing->document_length, "manifest", &document, NULL) <
                    0 ||
            json_get_object(document, "annotations", &annotations, NULL) < 0 || !annotations)
                return;
        json_object_object_add(made, "annotations", json_object_get(annotations));
}

void outgoing_rewrite(struct outgoing *outgoing)
{
        AUTO_JSON struct json_object *made = json_object_new_object();
        const struct manifest *manifest = &outgoing->manifest;
        struct json_object *layers;

        json_object_object_add(made, "schemaVersion", json_object_new_int(2));
        json_set_string(made, "mediaType", outgoing->media_type);
        json_object_object_add(made, "config",
                               descriptor_to_json(manifest->config.media_type,
                                                  manifest->config.digest, manifest->config.size));
        layers = json_add_array(made, "layers");
        for (size_t i = 0; i < manifest->layer_count; i++)
                json_object_array_add(layers, descriptor_to_json(manifest->layers[i].media_type,
                                                                 manifest->layers[i].digest,
                                                                 manifest->layers[i].size));
        outgoing_keep_annotations(outgoing, made);
        free(outgoing->document);
        free(outgoing->digest);
        outgoing->document = json_text(made, false);
        outgoing->document_length = strlen(outgoing->document);
        outgoing->digest = digest_of(outgoing->document, outgoing->document_length);
        outgoing->converted = true;
}

static int outgoing_convert_type(char **place, enum outgoing_form form, struct error *err)
{
        const struct outgoing_type *type = outgoing_find_type(*place);

        if (!type || (form == OUTGOING_DOCKER && type->read_only))
                return error_set(err, EBADMSG, "%s manifests have no word for %s",
                                 form == OUTGOING_DOCKER ? "Docker's" : "OCI's",
                                 *place ? *place : "something without a media type");
        str_replace(place, form == OUTGOING_DOCKER ? type->docker : type->oci);
        return 0;
}

int outgoing_convert(struct outgoing *outgoing, enum outgoing_form form, struct error *err)
{
        struct manifest *manifest = &outgoing->manifest;

        if (outgoing_has_form(outgoing, form))
                return 0;
        if (outgoing_convert_type(&manifest->config.media_type, form, err) < 0)
                return -1;
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (outgoing_convert_type(&manifest->layers[i].media_type, form, err) < 0)
                        return error_wrap(err, "layer %zu", i + 1);
        str_replace(&outgoing->media_type,
                    form == OUTGOING_DOCKER ? MEDIA_DOCKER_MANIFEST : MEDIA_OCI_MANIFEST);
        outgoing_rewrite(outgoing);
        return 0;
}

const char *outgoing_suffix(const struct outgoing *outgoing, size_t i)
{
        const struct outgoing_type *type =
                outgoing_find_type(outgoing->manifest.layers[i].media_type);

        return type ? type->suffix : NULL;
}

void outgoing_replace_layer(struct outgoing *outgoing, size_t i, int fd, const char *digest,
                            uint64_t size, const char *suffix)
{
        struct descriptor *layer = outgoing->manifest.layers + i;
        bool docker = outgoing_has_form(outgoing, OUTGOING_DOCKER);

        cleanup_close(outgoing->blobs + i);
        outgoing->blobs[i] = fd;
        str_replace(&layer->digest, digest);
        layer->size = size;
        free(layer->media_type);
        layer->media_type = docker ? str_format("%s%s%s", MEDIA_DOCKER_LAYER, *suffix ? "." : "",
                                                *suffix ? suffix + 1 : "")
                                   : str_format("%s%s", MEDIA_OCI_LAYER, suffix);
}
