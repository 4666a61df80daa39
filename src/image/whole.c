/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "whole.h"

#include "outgoing.h"
#include "reference.h"

#include <errno.h>
#include <sys/resource.h>

enum {
        WHOLE_MAX_NESTING = 4,         /* indexes that lead to indexes */
        WHOLE_MAX_DOCUMENTS = 32 << 20 /* bytes of all manifests together */
};

struct whole_walk {
        struct store *store; /* borrowed */
        struct whole *whole; /* borrowed */
        size_t bytes;        /* of documents */
};

void whole_free(struct whole *whole)
{
        for (size_t i = 0; i < whole->document_count; i++) {
                free(whole->documents[i].digest);
                free(whole->documents[i].media_type);
                free(whole->documents[i].data);
        }
        for (size_t i = 0; i < whole->blob_count; i++) {
                free(whole->blobs[i].digest);
                cleanup_close(&whole->blobs[i].fd);
        }
        free(whole->documents);
        free(whole->blobs);
        free(whole->name);
        *whole = (struct whole){ 0 };
}

const struct whole_document *whole_top(const struct whole *whole)
{
        return whole->documents + whole->document_count - 1;
}

static bool whole_has_blob(const struct whole *whole, const char *digest)
{
        for (size_t i = 0; i < whole->blob_count; i++)
                if (str_equal(whole->blobs[i].digest, digest))
                        return true;
        return false;
}

static bool whole_has_document(const struct whole *whole, const char *digest)
{
        for (size_t i = 0; i < whole->document_count; i++)
                if (str_equal(whole->documents[i].digest, digest))
                        return true;
        return false;
}

static int whole_add_blob(struct whole_walk *walk, const struct descriptor *descriptor, bool config,
                          struct error *err)
{
        struct whole *whole = walk->whole;
        struct whole_blob blob = { .size = descriptor->size, .config = config };

        if (whole_has_blob(whole, descriptor->digest))
                return 0;
        if (outgoing_open_blob(walk->store, descriptor, &blob.fd, err) < 0)
                return -1;
        blob.digest = str_dup(descriptor->digest);
        whole->blobs = alloc_grow(whole->blobs, whole->blob_count + 1, sizeof *whole->blobs);
        whole->blobs[whole->blob_count++] = blob;
        return 0;
}

static int whole_add_blobs(struct whole_walk *walk, const struct manifest *manifest,
                           struct error *err)
{
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (whole_add_blob(walk, manifest->layers + i, false, err) < 0)
                        return -1;
        return whole_add_blob(walk, &manifest->config, true, err);
}

static int whole_add_document(struct whole_walk *walk, const struct descriptor *descriptor,
                              int depth, struct error *err);

static int whole_add_children(struct whole_walk *walk, const struct manifest *index, int depth,
                              struct error *err)
{
        for (size_t i = 0; i < index->manifest_count; i++) {
                const struct descriptor *child = index->manifests + i;
                struct platform platform = { child->os, child->architecture, child->variant };
                AUTO_FREE char *text = NULL;

                if (whole_add_document(walk, child, depth + 1, err) == 0)
                        continue;
                text = platform_text(&platform);
                return error_wrap(err, "%s (%s)", child->digest, text);
        }
        return 0;
}

/* Takes the bytes over. */
static void whole_keep_document(struct whole *whole, const struct descriptor *descriptor,
                                const struct manifest *manifest, const char *type, char *data,
                                size_t length)
{
        struct whole_document document = { .digest = str_dup(descriptor->digest),
                                           .data = data,
                                           .length = length,
                                           .is_index = manifest->is_index };

        if (!type)
                type = descriptor->media_type;
        if (!type)
                type = manifest->is_index ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
        document.media_type = str_dup(type);
        whole->documents =
                alloc_grow(whole->documents, whole->document_count + 1, sizeof *whole->documents);
        whole->documents[whole->document_count++] = document;
}

static int whole_add_document(struct whole_walk *walk, const struct descriptor *descriptor,
                              int depth, struct error *err)
{
        AUTO_FREE char *data = NULL;
        AUTO_JSON struct json_object *object = NULL;
        AUTO_MANIFEST struct manifest manifest = { 0 };
        const char *type = NULL;
        size_t length;

        if (whole_has_document(walk->whole, descriptor->digest))
                return 0;
        if (depth > WHOLE_MAX_NESTING)
                return error_set(err, EBADMSG, "indexes nested too deep");
        if (outgoing_read_document(walk->store, descriptor->digest, MANIFEST_MAX_SIZE, &data,
                                   &length, err) < 0)
                return -1;
        walk->bytes += length;
        if (walk->bytes > WHOLE_MAX_DOCUMENTS)
                return error_set(err, EFBIG, "its manifests have more than %d bytes",
                                 WHOLE_MAX_DOCUMENTS);
        if (json_parse(data, length, descriptor->digest, &object, err) < 0 ||
            json_get_string(object, "mediaType", &type, err) < 0 ||
            manifest_parse(object, descriptor->digest, &manifest, err) < 0 ||
            (manifest.is_index ? whole_add_children(walk, &manifest, depth, err)
                               : whole_add_blobs(walk, &manifest, err)) < 0)
                return -1;
        whole_keep_document(walk->whole, descriptor, &manifest, type, steal_str(&data), length);
        return 0;
}

/* Each blob is an open file: what systemd and shells allow at first may not do. */
static void whole_allow_files(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

int whole_read(struct store *store, const char *reference, struct whole *ret, struct error *err)
{
        AUTO_WHOLE struct whole whole = { 0 };
        AUTO_STORE_FOUND struct store_found found = { 0 };
        AUTO_ERROR struct error reason = { 0 };
        struct whole_walk walk = { .store = store, .whole = &whole };

        if (store_look_up(store, reference, &found, err) < 0)
                return -1;
        whole_allow_files();
        if (outgoing_is_name(found.entry, reference))
                whole.name = str_dup(found.entry->name);
        if (whole_add_document(&walk, &found.entry->descriptor, 0, &reason) < 0)
                return error_set(err, reason.code, "image %s: %s%s", reference, reason.message,
                                 reason.code == ENOENT || reason.code == ENODATA
                                         ? " (all platforms of an index are here after `crunit "
                                           "load --all`)"
                                         : "");
        *ret = whole;
        whole = (struct whole){ 0 };
        return 0;
}
