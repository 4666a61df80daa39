/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "save.h"

#include "../base/json.h"
#include "blob.h"
#include "outgoing.h"
#include "reference.h"
#include "save-parts.h"

#include <errno.h>

enum {
        SAVE_MAX_INDEX = 4 << 20 /* bytes of an index that is there already */
};

#define SAVE_NAME "org.opencontainers.image.ref.name"

bool save_is_there(struct save *save, const char *name, uint64_t size)
{
        if (json_object_object_get_ex(save->written, name, NULL))
                return true;
        json_object_object_add(save->written, name, json_object_new_boolean(true));
        return sink_has(save->sink, name, size);
}

/* --- blobs */

/* A blob_take. */
static int save_take(void *context, const void *data, size_t length, struct error *err)
{
        return sink_write(context, data, length, err);
}

int save_blob(struct save *save, const char *name, const char *digest, uint64_t size, int fd,
              struct error *err)
{
        const struct blob_source source = { .fd = fd,
                                            .size = size,
                                            .digest = digest,
                                            .place = "in the store",
                                            .cancel = save->reshape.cancel };

        if (save_is_there(save, name, size)) {
                reshape_note_blob(&save->reshape, "Copying blob skipped: already exists:", digest);
                return 0;
        }
        reshape_note_blob(&save->reshape, "Copying blob", digest);
        if (sink_begin(save->sink, name, size, err) < 0 ||
            blob_read(&source, save_take, save->sink, err) < 0)
                return -1;
        return sink_end(save->sink, err);
}

int save_document(struct save *save, const char *name, const char *data, size_t length,
                  struct error *err)
{
        if (save_is_there(save, name, length))
                return 0;
        return sink_add(save->sink, name, data, length, err);
}

/* --- OCI layout */

static int save_oci_blobs(struct save *save, const struct outgoing *outgoing, struct error *err)
{
        const struct manifest *manifest = &outgoing->manifest;
        AUTO_FREE char *config = str_format("blobs/sha256/%s", digest_hex(manifest->config.digest));
        AUTO_FREE char *document = str_format("blobs/sha256/%s", digest_hex(outgoing->digest));

        for (size_t i = 0; i < manifest->layer_count; i++) {
                AUTO_FREE char *name =
                        str_format("blobs/sha256/%s", digest_hex(manifest->layers[i].digest));

                if (save_blob(save, name, manifest->layers[i].digest, manifest->layers[i].size,
                              outgoing->blobs[i], err) < 0)
                        return -1;
        }
        reshape_note_blob(&save->reshape, "Copying config", manifest->config.digest);
        if (save_document(save, config, outgoing->config, outgoing->config_length, err) < 0)
                return -1;
        reshape_note(&save->reshape, "Writing manifest to image destination");
        return save_document(save, document, outgoing->document, outgoing->document_length, err);
}

/* The name goes to this image; whoever had it in the layout stays, without. */
static void save_oci_name(struct save *save, const char *media_type, const char *digest,
                          size_t length, const char *name)
{
        struct json_object *entry = descriptor_to_json(media_type, digest, length);

        for (size_t i = json_object_array_length(save->list); i-- > 0;) {
                AUTO_DESCRIPTOR struct descriptor other = { 0 };

                if (descriptor_parse(json_object_array_get_idx(save->list, i), &other, NULL) < 0)
                        continue;
                if (name ? str_equal(other.ref_name, name)
                         : str_equal(other.digest, digest) && !other.ref_name)
                        json_object_array_del_idx(save->list, i, 1);
        }
        if (name)
                json_set_string(json_add_object(entry, "annotations"), SAVE_NAME, name);
        json_object_array_add(save->list, entry);
}

void save_oci_list(struct save *save, const char *media_type, const char *digest, size_t length,
                   const struct strv *names)
{
        for (size_t i = 0; i < names->count; i++)
                save_oci_name(save, media_type, digest, length, names->items[i]);
        if (!names->count)
                save_oci_name(save, media_type, digest, length, NULL);
}

static int save_oci(struct save *save, const struct outgoing *outgoing, const struct strv *names,
                    struct error *err)
{
        if (save_oci_blobs(save, outgoing, err) < 0)
                return -1;
        save_oci_list(save, outgoing->media_type, outgoing->digest, outgoing->document_length,
                      names);
        return 0;
}

/* Begin with what is in the layout already. */
static int save_oci_begin(struct save *save, struct error *err)
{
        AUTO_JSON struct json_object *index = NULL;
        struct json_object *manifests = NULL;

        if (!sink_has(save->sink, "index.json", UINT64_MAX))
                return 0;
        if (json_read_file(sink_directory(save->sink), "index.json", SAVE_MAX_INDEX, &index, err) <
                    0 ||
            json_get_array(index, "manifests", &manifests, err) < 0)
                return error_wrap(err, "what is there already");
        for (size_t i = 0; manifests && i < json_object_array_length(manifests); i++)
                json_object_array_add(save->list,
                                      json_object_get(json_object_array_get_idx(manifests, i)));
        return 0;
}

static int save_oci_end(struct save *save, struct error *err)
{
        static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
        AUTO_JSON struct json_object *index = json_object_new_object();
        AUTO_FREE char *text = NULL;

        json_object_object_add(index, "schemaVersion", json_object_new_int(2));
        json_set_string(index, "mediaType", MEDIA_OCI_INDEX);
        json_object_object_add(index, "manifests", json_object_get(save->list));
        text = json_text(index, false);
        if (!sink_has(save->sink, "oci-layout", UINT64_MAX) &&
            sink_add(save->sink, "oci-layout", layout, strlen(layout), err) < 0)
                return -1;
        return sink_add(save->sink, "index.json", text, strlen(text), err);
}

/* --- skopeo's dir: */

static int save_dir_begin(struct save *save, struct error *err)
{
        if (sink_has(save->sink, "index.json", UINT64_MAX))
                return error_set(err, EEXIST,
                                 "the directory is an OCI layout: take another one, or oci:");
        return 0;
}

static int save_dir(struct save *save, const struct outgoing *outgoing, const struct strv *names,
                    struct error *err)
{
        static const char version[] = "Directory Transport Version: 1.1\n";
        const struct manifest *manifest = &outgoing->manifest;

        (void)names;
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (save_blob(save, digest_hex(manifest->layers[i].digest),
                              manifest->layers[i].digest, manifest->layers[i].size,
                              outgoing->blobs[i], err) < 0)
                        return -1;
        reshape_note_blob(&save->reshape, "Copying config", manifest->config.digest);
        if (save_document(save, digest_hex(manifest->config.digest), outgoing->config,
                          outgoing->config_length, err) < 0 ||
            sink_add(save->sink, "version", version, strlen(version), err) < 0)
                return -1;
        reshape_note(&save->reshape, "Writing manifest to image destination");
        return sink_add(save->sink, "manifest.json", outgoing->document, outgoing->document_length,
                        err);
}

static int save_dir_end(struct save *save, struct error *err)
{
        (void)save;
        (void)err;
        return 0;
}

/* --- all */

static const struct save_kind {
        int (*begin)(struct save *save, struct error *err);
        int (*one)(struct save *save, const struct outgoing *outgoing, const struct strv *names,
                   struct error *err);
        /* The same of a whole index; NULL: there is no place for one. */
        int (*one_whole)(struct save *save, const struct whole *whole, const struct strv *names,
                         struct error *err);
        int (*end)(struct save *save, struct error *err);
        bool convert;
        enum outgoing_form form;
} save_kinds[] = {
        [SAVE_OCI] = { save_oci_begin, save_oci, save_oci_whole, save_oci_end, true, OUTGOING_OCI },
        [SAVE_DIR] = { save_dir_begin, save_dir, save_dir_whole, save_dir_end },
        [SAVE_DOCKER_DIR] = { save_dir_begin, save_dir, NULL, save_dir_end, true, OUTGOING_DOCKER },
        [SAVE_DOCKER_ARCHIVE] = { save_docker_begin, save_docker, NULL, save_docker_end },
};

/* An image that was read, one way or the other. */
struct save_read {
        struct outgoing outgoing; /* owned; without all */
        struct whole whole;       /* owned; with all */
};

static void save_list_names(const struct save_image *image, const char *own_or_null,
                            struct strv *names)
{
        if (image->own_name && own_or_null)
                strv_append(names, own_or_null);
        strv_append_all(names, &image->names);
}

static int save_image(struct save *save, const struct save_image *image, struct save_read *read,
                      struct error *err)
{
        const struct save_kind *kind = save_kinds + save->options->format;
        AUTO_STRV struct strv names = { 0 };
        int result = 0;

        save_list_names(image, save->options->all ? read->whole.name : read->outgoing.name, &names);
        if (save->options->all) {
                result = kind->one_whole(save, &read->whole, &names, err);
        } else {
                /* A docker-archive has no manifest of this kind, and plain layers. */
                if (save->options->format != SAVE_DOCKER_ARCHIVE)
                        result = reshape_image(&save->reshape, &read->outgoing, err);
                if (result == 0)
                        result = kind->one(save, &read->outgoing, &names, err);
        }
        return result < 0 ? error_wrap(err, "image %s", image->reference) : 0;
}

static int save_all(struct save *save, const struct save_image *images, size_t count,
                    struct save_read *read, struct error *err)
{
        const struct save_kind *kind = save_kinds + save->options->format;

        if (kind->begin(save, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (save_image(save, images + i, read + i, err) < 0)
                        return -1;
        return kind->end(save, err);
}

static int save_read_all(struct store *store, const struct save_options *options,
                         const struct save_image *images, size_t count, struct save_read *read,
                         struct error *err)
{
        if (options->all && !save_kinds[options->format].one_whole)
                return error_set(err, EINVAL,
                                 "only an OCI layout and dir: have a place for an index with all "
                                 "its platforms");
        for (size_t i = 0; i < count; i++)
                if ((options->all ? whole_read(store, images[i].reference, &read[i].whole, err)
                                  : outgoing_read(store, images[i].reference, &read[i].outgoing,
                                                  err)) < 0)
                        return -1;
        store_close(store);
        return 0;
}

int save_images(struct store *store, const struct save_options *options,
                const struct save_image *images, size_t count, struct sink *sink, char **ret_digest,
                struct error *err)
{
        AUTO_JSON struct json_object *written = json_object_new_object();
        AUTO_JSON struct json_object *list = json_object_new_array();
        struct save_read *read = alloc_zero(count, sizeof *read);
        struct save save = { .options = options,
                             .sink = sink,
                             .written = written,
                             .list = list,
                             .reshape = options->reshape };
        int result = save_read_all(store, options, images, count, read, err);

        save.reshape.convert = save_kinds[options->format].convert;
        save.reshape.form = save_kinds[options->format].form;
        if (result == 0)
                result = save_all(&save, images, count, read, err);
        if (result == 0 && ret_digest)
                *ret_digest = str_dup(options->all ? whole_top(&read[count - 1].whole)->digest
                                                   : read[count - 1].outgoing.digest);
        for (size_t i = 0; i < count; i++) {
                outgoing_free(&read[i].outgoing);
                whole_free(&read[i].whole);
        }
        free(read);
        return result;
}
