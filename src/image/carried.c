/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "carried.h"

#include "image.h"
#include "outgoing.h"
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
        CARRIED_MAX_NESTING = 4 /* indexes that lead to indexes */
};

struct carried_walk {
        struct store *store;      /* borrowed */
        struct carried *carried;  /* borrowed */
        struct json_object *seen; /* owned; set of digests of documents and blobs */
};

void carried_free(struct carried *carried)
{
        for (size_t i = 0; i < carried->damaged_count; i++) {
                free(carried->damaged[i].digest);
                free(carried->damaged[i].damage);
        }
        for (size_t i = 0; i < carried->blob_count; i++) {
                free(carried->blobs[i].digest);
                free(carried->blobs[i].diff_id);
        }
        free(carried->damaged);
        free(carried->blobs);
        *carried = (struct carried){ 0 };
}

/* Is it the first time? */
static bool carried_see(struct carried_walk *walk, const char *digest)
{
        if (json_object_object_get_ex(walk->seen, digest, NULL))
                return false;
        json_object_object_add(walk->seen, digest, json_object_new_boolean(true));
        return true;
}

static void carried_add_blob(struct carried_walk *walk, const struct descriptor *descriptor,
                             const char *diff_id_or_null)
{
        struct carried *carried = walk->carried;
        AUTO_FREE char *key = diff_id_or_null
                                      ? str_format("%s %s", descriptor->digest, diff_id_or_null)
                                      : str_dup(descriptor->digest);

        if (!carried_see(walk, key))
                return;
        carried->blobs =
                alloc_grow(carried->blobs, carried->blob_count + 1, sizeof *carried->blobs);
        carried->blobs[carried->blob_count++] =
                (struct carried_blob){ .digest = str_dup(descriptor->digest),
                                       .diff_id = diff_id_or_null ? str_dup(diff_id_or_null) : NULL,
                                       .size = descriptor->size };
}

/* An attestation's configuration may be anything: then nothing is known of its layers. */
static void carried_add_manifest(struct carried_walk *walk, const struct manifest *manifest)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };
        bool known = store_read_blob(walk->store, manifest->config.digest, CONFIG_MAX_SIZE,
                                     &document, NULL) == 0 &&
                     image_config_parse(document, "it", &config, NULL) == 0 &&
                     config.diff_ids.count == manifest->layer_count;

        carried_add_blob(walk, &manifest->config, NULL);
        for (size_t i = 0; i < manifest->layer_count; i++)
                carried_add_blob(walk, manifest->layers + i,
                                 known && digest_hex(config.diff_ids.items[i])
                                         ? config.diff_ids.items[i]
                                         : NULL);
}

static void carried_add_damage(struct carried_walk *walk, const struct descriptor *descriptor,
                               const char *damage)
{
        struct carried *carried = walk->carried;

        carried->damaged =
                alloc_grow(carried->damaged, carried->damaged_count + 1, sizeof *carried->damaged);
        carried->damaged[carried->damaged_count++] =
                (struct carried_document){ .digest = str_dup(descriptor->digest),
                                           .size = descriptor->size,
                                           .damage = str_dup(damage) };
}

/* 1: a manifest or an index; 0: what an index lists may be anything. */
static int carried_read(struct carried_walk *walk, const struct descriptor *descriptor,
                        struct manifest *ret, struct error *err)
{
        AUTO_FREE char *data = NULL;
        AUTO_JSON struct json_object *document = NULL;
        size_t length;

        if (outgoing_read_document(walk->store, descriptor->digest, MANIFEST_MAX_SIZE, &data,
                                   &length, err) < 0) {
                if (err->code == EBADMSG)
                        return error_set(err, EBADMSG, "is damaged: its digest is another");
                return err->code == EFBIG ? 0 : -1;
        }
        return json_parse(data, length, "it", &document, NULL) == 0 &&
               manifest_parse(document, "it", ret, NULL) == 0;
}

static void carried_walk_document(struct carried_walk *walk, const struct descriptor *descriptor,
                                  bool own, int depth);

/* Of the way to this machine's image, what is chosen is its own. */
static void carried_walk_index(struct carried_walk *walk, const struct manifest *index, bool own,
                               int depth)
{
        struct platform host = platform_host();
        const struct descriptor *chosen = NULL;

        if (own && manifest_choose(index, &host, "it", &chosen, NULL) == 0)
                carried_walk_document(walk, chosen, true, depth + 1);
        for (size_t i = 0; i < index->manifest_count; i++)
                carried_walk_document(walk, index->manifests + i, false, depth + 1);
}

static void carried_walk_document(struct carried_walk *walk, const struct descriptor *descriptor,
                                  bool own, int depth)
{
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_ERROR struct error reason = { 0 };
        int result;

        /* What is deeper nobody has pulled for this image. */
        if (depth > CARRIED_MAX_NESTING || !carried_see(walk, descriptor->digest))
                return;
        result = carried_read(walk, descriptor, &manifest, &reason);
        if (result < 0 && !own && reason.code != ENOENT)
                carried_add_damage(walk, descriptor, reason.message);
        if (result == 0 && !own)
                carried_add_blob(walk, descriptor, NULL);
        if (result <= 0)
                return;
        if (manifest.is_index)
                carried_walk_index(walk, &manifest, own, depth);
        else if (!own)
                carried_add_manifest(walk, &manifest);
}

bool carried_is_missing(const struct store *store, const struct carried_blob *blob)
{
        AUTO_FREE char *path = str_format("blobs/sha256/%s", digest_hex(blob->digest));
        AUTO_FREE char *layer =
                blob->diff_id ? str_format("layers/%s", digest_hex(blob->diff_id)) : NULL;

        return faccessat(store->fd, path, F_OK, 0) < 0 && errno == ENOENT &&
               (!layer || faccessat(store->fd, layer, F_OK, 0) < 0);
}

void carried_list(struct store *store, const struct descriptor *top, struct carried *ret)
{
        struct carried_walk walk = { .store = store,
                                     .carried = ret,
                                     .seen = json_object_new_object() };

        carried_walk_document(&walk, top, true, 0);
        json_object_put(walk.seen);
}
