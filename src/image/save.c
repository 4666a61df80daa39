/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "save.h"

#include "../base/json.h"
#include "digest.h"
#include "outgoing.h"
#include "reference.h"
#include "stream.h"

#include <errno.h>

enum {
        SAVE_BUFFER = 256 << 10,
        SAVE_MAX_INDEX = 4 << 20 /* bytes of an index that is there already */
};

#define SAVE_NAME "org.opencontainers.image.ref.name"

struct save {
        const struct save_options *options; /* borrowed */
        struct sink *sink;                  /* borrowed */
        struct reshape reshape;
        struct json_object *written; /* owned; names of files, as keys */
        struct json_object *list; /* owned; what index.json or manifest.json says of the images */
};

static bool save_cancelled(const struct save *save)
{
        return save->reshape.cancel && *save->reshape.cancel;
}

/* Was it written for another image, or is it in the directory already? Else it is from now on. */
static bool save_is_there(struct save *save, const char *name, uint64_t size)
{
        if (json_object_object_get_ex(save->written, name, NULL))
                return true;
        json_object_object_add(save->written, name, json_object_new_boolean(true));
        return sink_has(save->sink, name, size);
}

/* --- blobs */

static int save_copy_bytes(struct save *save, int fd, const char *digest, uint64_t size,
                           struct error *err)
{
        AUTO_FREE char *buffer = alloc_zero(SAVE_BUFFER, 1);
        AUTO_FREE char *found = NULL;
        struct digest sum;

        digest_begin(&sum);
        for (uint64_t done = 0; done < size;) {
                ssize_t n = pread(fd, buffer, SAVE_BUFFER, (off_t)done);

                if (save_cancelled(save))
                        return error_set(err, EINTR, "interrupted");
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read %s", digest);
                if (n == 0)
                        return error_set(err, EBADMSG, "%s is shorter than it was", digest);
                digest_update(&sum, buffer, (size_t)n);
                if (sink_write(save->sink, buffer, (size_t)n, err) < 0)
                        return -1;
                done += (uint64_t)n;
        }
        found = digest_end(&sum);
        if (!str_equal(found, digest))
                return error_set(err, EBADMSG,
                                 "%s is damaged in the store: its digest is %s; see `crunit image "
                                 "check`",
                                 digest, found);
        return 0;
}

static int save_blob(struct save *save, const char *name, const struct descriptor *blob, int fd,
                     struct error *err)
{
        if (save_is_there(save, name, blob->size)) {
                reshape_note_blob(&save->reshape,
                                  "Copying blob skipped: already exists:", blob->digest);
                return 0;
        }
        reshape_note_blob(&save->reshape, "Copying blob", blob->digest);
        if (sink_begin(save->sink, name, blob->size, err) < 0 ||
            save_copy_bytes(save, fd, blob->digest, blob->size, err) < 0)
                return -1;
        return sink_end(save->sink, err);
}

static int save_document(struct save *save, const char *name, const char *data, size_t length,
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

                if (save_blob(save, name, manifest->layers + i, outgoing->blobs[i], err) < 0)
                        return -1;
        }
        reshape_note_blob(&save->reshape, "Copying config", manifest->config.digest);
        if (save_document(save, config, outgoing->config, outgoing->config_length, err) < 0)
                return -1;
        reshape_note(&save->reshape, "Writing manifest to image destination");
        return save_document(save, document, outgoing->document, outgoing->document_length, err);
}

/* The name goes to this image; whoever had it in the layout stays, without. */
static void save_oci_list(struct save *save, const struct outgoing *outgoing, const char *name)
{
        struct json_object *entry = descriptor_to_json(outgoing->media_type, outgoing->digest,
                                                       outgoing->document_length);

        for (size_t i = json_object_array_length(save->list); i-- > 0;) {
                AUTO_DESCRIPTOR struct descriptor other = { 0 };

                if (descriptor_parse(json_object_array_get_idx(save->list, i), &other, NULL) < 0)
                        continue;
                if (name ? str_equal(other.ref_name, name)
                         : str_equal(other.digest, outgoing->digest) && !other.ref_name)
                        json_object_array_del_idx(save->list, i, 1);
        }
        if (name)
                json_set_string(json_add_object(entry, "annotations"), SAVE_NAME, name);
        json_object_array_add(save->list, entry);
}

static int save_oci(struct save *save, const struct outgoing *outgoing, const struct strv *names,
                    struct error *err)
{
        if (save_oci_blobs(save, outgoing, err) < 0)
                return -1;
        for (size_t i = 0; i < names->count; i++)
                save_oci_list(save, outgoing, names->items[i]);
        if (!names->count)
                save_oci_list(save, outgoing, NULL);
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
                if (save_blob(save, digest_hex(manifest->layers[i].digest), manifest->layers + i,
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

/* --- docker-archive */

static int save_open_layer(struct save *save, const struct outgoing *outgoing, size_t i,
                           struct stream **ret, struct error *err)
{
        struct stream_source source = { .fd = outgoing->blobs[i],
                                        .positioned = true,
                                        .size = outgoing->manifest.layers[i].size,
                                        .copy = -1,
                                        .cancel = save->reshape.cancel,
                                        .name = outgoing->manifest.layers[i].digest };

        return stream_open(&source, ret, err);
}

/* A tar's header has the size, which nobody knows before all was decompressed once. Both digests
 * are compared before the first byte goes out. */
static int save_measure_layer(struct save *save, const struct outgoing *outgoing, size_t i,
                              uint64_t *ret_size, struct error *err)
{
        const struct descriptor *layer = outgoing->manifest.layers + i;
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_FREE char *blob = NULL;
        AUTO_FREE char *diff_id = NULL;
        uint64_t size = 0, raw;
        const void *data;
        size_t length;
        int some;

        if (save_open_layer(save, outgoing, i, &stream, err) < 0)
                return -1;
        while ((some = stream_next(stream, &data, &length, err)) > 0)
                size += length;
        if (some < 0 || stream_finish(stream, &blob, &diff_id, &raw, err) < 0)
                return -1;
        if ((!stream_is_recoded(stream) && !str_equal(blob, layer->digest)) ||
            !str_equal(diff_id, outgoing->diff_ids.items[i]))
                return error_set(err, EBADMSG,
                                 "%s is damaged in the store: unpacked it is %s, not %s; see "
                                 "`crunit image check`",
                                 layer->digest, diff_id, outgoing->diff_ids.items[i]);
        *ret_size = size;
        return 0;
}

static int save_plain_layer(struct save *save, const struct outgoing *outgoing, size_t i,
                            const char *name, struct error *err)
{
        AUTO_STREAM struct stream *stream = NULL;
        uint64_t size = 0;
        const void *data;
        size_t length;
        int some;

        if (save_measure_layer(save, outgoing, i, &size, err) < 0 ||
            sink_begin(save->sink, name, size, err) < 0 ||
            save_open_layer(save, outgoing, i, &stream, err) < 0)
                return -1;
        while ((some = stream_next(stream, &data, &length, err)) > 0)
                if (sink_write(save->sink, data, length, err) < 0)
                        return -1;
        return some < 0 ? -1 : sink_end(save->sink, err);
}

static int save_docker_layers(struct save *save, const struct outgoing *outgoing,
                              struct strv *files, struct error *err)
{
        for (size_t i = 0; i < outgoing->diff_ids.count; i++) {
                if (descriptor_is_file(outgoing->manifest.layers + i))
                        return error_set(err, EINVAL,
                                         "it is a file system in one file, for which a "
                                         "docker-archive has no place: use --format oci-archive");
                AUTO_FREE char *name =
                        str_format("%s.tar", digest_hex(outgoing->diff_ids.items[i]));

                strv_append(files, name);
                if (save_is_there(save, name, UINT64_MAX))
                        continue;
                reshape_note_blob(&save->reshape, "Copying blob", outgoing->diff_ids.items[i]);
                if (save_plain_layer(save, outgoing, i, name, err) < 0)
                        return -1;
        }
        return 0;
}

static int save_docker(struct save *save, const struct outgoing *outgoing, const struct strv *names,
                       struct error *err)
{
        const char *id = digest_hex(outgoing->manifest.config.digest);
        AUTO_FREE char *config = str_format("%s.json", id);
        AUTO_STRV struct strv layers = { 0 };
        AUTO_JSON struct json_object *object = json_object_new_object();

        if (save_docker_layers(save, outgoing, &layers, err) < 0)
                return -1;
        reshape_note_blob(&save->reshape, "Copying config", outgoing->manifest.config.digest);
        if (save_document(save, config, outgoing->config, outgoing->config_length, err) < 0)
                return -1;
        json_set_string(object, "Config", config);
        json_set_strv(object, "RepoTags", names);
        json_set_strv(object, "Layers", &layers);
        json_object_array_add(save->list, steal_ptr(&object));
        return 0;
}

static int save_docker_begin(struct save *save, struct error *err)
{
        (void)save;
        (void)err;
        return 0;
}

static int save_docker_end(struct save *save, struct error *err)
{
        AUTO_FREE char *text = json_text(save->list, false);

        reshape_note(&save->reshape, "Writing manifest to image destination");
        return sink_add(save->sink, "manifest.json", text, strlen(text), err);
}

/* --- all */

static const struct save_kind {
        int (*begin)(struct save *save, struct error *err);
        int (*one)(struct save *save, const struct outgoing *outgoing, const struct strv *names,
                   struct error *err);
        int (*end)(struct save *save, struct error *err);
        bool convert;
        enum outgoing_form form;
} save_kinds[] = {
        [SAVE_OCI] = { save_oci_begin, save_oci, save_oci_end, true, OUTGOING_OCI },
        [SAVE_DIR] = { save_dir_begin, save_dir, save_dir_end },
        [SAVE_DOCKER_DIR] = { save_dir_begin, save_dir, save_dir_end, true, OUTGOING_DOCKER },
        [SAVE_DOCKER_ARCHIVE] = { save_docker_begin, save_docker, save_docker_end },
};

static int save_image(struct save *save, const struct save_image *image, struct outgoing *outgoing,
                      struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (image->own_name && outgoing->name)
                strv_append(&names, outgoing->name);
        strv_append_all(&names, &image->names);
        /* A docker-archive has no manifest of this kind, and plain layers. */
        if ((save->options->format != SAVE_DOCKER_ARCHIVE &&
             reshape_image(&save->reshape, outgoing, err) < 0) ||
            save_kinds[save->options->format].one(save, outgoing, &names, err) < 0)
                return error_wrap(err, "image %s", image->reference);
        return 0;
}

static int save_all(struct save *save, const struct save_image *images, size_t count,
                    struct outgoing *outgoing, struct error *err)
{
        const struct save_kind *kind = save_kinds + save->options->format;

        if (kind->begin(save, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (save_image(save, images + i, outgoing + i, err) < 0)
                        return -1;
        return kind->end(save, err);
}

static int save_read_all(struct store *store, const struct save_image *images, size_t count,
                         struct outgoing *outgoing, struct error *err)
{
        for (size_t i = 0; i < count; i++)
                if (outgoing_read(store, images[i].reference, outgoing + i, err) < 0)
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
        struct outgoing *outgoing = alloc_zero(count, sizeof *outgoing);
        struct save save = { .options = options,
                             .sink = sink,
                             .written = written,
                             .list = list,
                             .reshape = options->reshape };
        int result = save_read_all(store, images, count, outgoing, err);

        save.reshape.convert = save_kinds[options->format].convert;
        save.reshape.form = save_kinds[options->format].form;
        if (result == 0)
                result = save_all(&save, images, count, outgoing, err);
        if (result == 0 && ret_digest)
                *ret_digest = str_dup(outgoing[count - 1].digest);
        for (size_t i = 0; i < count; i++)
                outgoing_free(outgoing + i);
        free(outgoing);
        return result;
}
