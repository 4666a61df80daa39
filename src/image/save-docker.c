/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* docker-archive (save.h) */
#include "save-parts.h"

#include "../base/json.h"
#include "reference.h"
#include "stream.h"

#include <errno.h>

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

int save_docker(struct save *save, const struct outgoing *outgoing, const struct strv *names,
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

int save_docker_begin(struct save *save, struct error *err)
{
        (void)save;
        (void)err;
        return 0;
}

int save_docker_end(struct save *save, struct error *err)
{
        AUTO_FREE char *text = json_text(save->list, false);

        reshape_note(&save->reshape, "Writing manifest to image destination");
        return sink_add(save->sink, "manifest.json", text, strlen(text), err);
}
