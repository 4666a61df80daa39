/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "push.h"

#include "../base/io.h"
#include "blob.h"
#include "reference.h"
#include "whole.h"

#include <errno.h>
#include <sys/mman.h>

struct push {
        const struct push_options *options; /* borrowed */
        const struct push_target *target;   /* borrowed */
        struct outgoing outgoing;           /* without all */
        struct whole whole;                 /* with all */
        const char *digest;                 /* borrowed; of what the name will lead to */
        struct json_object *places; /* owned; a layer's digest → a repository there that has it */
        struct registry_blob *blobs; /* owned; layers and configurations; user: is it one? */
        size_t blob_count;
        int config; /* owned; a file in memory */
};

static void push_end(struct push *push)
{
        outgoing_free(&push->outgoing);
        whole_free(&push->whole);
        json_object_put(push->places);
        free(push->blobs);
        cleanup_close(&push->config);
}

/* --- what other repositories of the registry have, as far as our own images tell */

static void push_note_layers(struct store *store, const struct store_entry *entry,
                             const char *repository, struct json_object *places)
{
        AUTO_MANIFEST struct manifest manifest = { 0 };
        AUTO_FREE char *digest = NULL;

        if (store_read_manifest(store, &entry->descriptor, &manifest, &digest, NULL) < 0)
                return;
        for (size_t i = 0; i < manifest.layer_count; i++)
                json_object_object_add(places, manifest.layers[i].digest,
                                       json_object_new_string(repository));
}

/* Images that came from, or went to, another repository of the same registry are known by their
 * names. Where one is not there after all, the registry does not mount, and the blob is sent. */
static int push_find_places(struct store *store, struct push *push, struct error *err)
{
        const struct registry_endpoint *endpoint = &push->target->endpoint;
        struct store_entry *entries;
        size_t count;

        push->places = json_object_new_object();
        if (store_list(store, &entries, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                AUTO_REFERENCE struct reference reference = { 0 };

                if (entries[i].name && reference_parse(entries[i].name, &reference, NULL) == 0 &&
                    str_equal(reference.registry, endpoint->host) &&
                    !str_equal(reference.path, endpoint->repository))
                        push_note_layers(store, entries + i, reference.path, push->places);
        }
        store_list_free(entries, count);
        return 0;
}

static const char *push_place_of(const struct push *push, const char *digest)
{
        struct json_object *place = NULL;

        return json_object_object_get_ex(push->places, digest, &place)
                       ? json_object_get_string(place)
                       : NULL;
}

/* --- blobs */

static int push_list_config(struct push *push, struct error *err)
{
        const struct outgoing *outgoing = &push->outgoing;

        push->config = memfd_create("config", MFD_CLOEXEC);
        if (push->config < 0 ||
            io_write_all(push->config, outgoing->config, outgoing->config_length) < 0)
                return error_errno(err, errno, "cannot keep the configuration in memory");
        push->blobs[push->blob_count++] =
                (struct registry_blob){ .digest = outgoing->manifest.config.digest,
                                        .size = outgoing->config_length,
                                        .fd = push->config,
                                        .user = push };
        return 0;
}

/* Each blob once: a layer may occur again in an image. */
static int push_list_blobs(struct push *push, struct error *err)
{
        const struct manifest *manifest = &push->outgoing.manifest;

        push->blobs = alloc_zero(manifest->layer_count + 1, sizeof *push->blobs);
        for (size_t i = 0; i < manifest->layer_count; i++) {
                const struct descriptor *layer = manifest->layers + i;
                bool again = false;

                for (size_t j = 0; j < push->blob_count; j++)
                        again = again || str_equal(push->blobs[j].digest, layer->digest);
                if (again)
                        continue;
                push->blobs[push->blob_count++] =
                        (struct registry_blob){ .digest = layer->digest,
                                                .size = layer->size,
                                                .fd = push->outgoing.blobs[i],
                                                .mount_from = push_place_of(push, layer->digest) };
        }
        return push_list_config(push, err);
}

static void push_list_whole(struct push *push)
{
        const struct whole *whole = &push->whole;

        push->blobs = alloc_zero(whole->blob_count, sizeof *push->blobs);
        for (size_t i = 0; i < whole->blob_count; i++) {
                const struct whole_blob *blob = whole->blobs + i;

                push->blobs[push->blob_count++] =
                        (struct registry_blob){ .digest = blob->digest,
                                                .size = blob->size,
                                                .fd = blob->fd,
                                                .mount_from = push_place_of(push, blob->digest),
                                                .user = blob->config ? push : NULL };
        }
}

static void push_blob_done(void *context, struct registry_blob *blob)
{
        const struct push *push = context;
        bool config = blob->user != NULL;

        if (!blob->uploaded)
                reshape_note_blob(&push->options->reshape,
                                  config ? "Copying config skipped: already exists:"
                                         : "Copying blob skipped: already exists:",
                                  blob->digest);
        else
                reshape_note_blob(
                        &push->options->reshape,
                        config ? "Copying config done:" : "Copying blob done:", blob->digest);
}

/* A registry that did not take what was sent may be right: the blob is what is looked at then. */
static int push_upload(struct push *push, struct registry *registry, struct error *err)
{
        const struct registry_events events = { .done = push_blob_done, .context = push };

        if (registry_upload_blobs(registry, push->blobs, push->blob_count, &events, err) == 0)
                return 0;
        for (size_t i = 0; err && err->code != EINTR && i < push->blob_count; i++) {
                AUTO_ERROR struct error damage = { 0 };

                const struct blob_source source = { .fd = push->blobs[i].fd,
                                                    .size = push->blobs[i].size,
                                                    .digest = push->blobs[i].digest,
                                                    .place = "in the store" };

                if (push->blobs[i].uploaded && !push->blobs[i].done &&
                    blob_read(&source, NULL, NULL, &damage) < 0) {
                        error_clear(err);
                        return error_set(err, damage.code, "%s", damage.message);
                }
        }
        return -1;
}

/* --- the image */

static int push_check_digest(const struct push *push, const char *image, struct error *err)
{
        const char *wanted = push->target->reference;

        if (!digest_hex(wanted) || str_equal(wanted, push->digest))
                return 0;
        return error_set(err, EINVAL, "image %s is %s, and cannot become %s", image, push->digest,
                         wanted);
}

static int push_prepare(struct store *store, const char *image, struct push *push,
                        struct error *err)
{
        struct outgoing *outgoing = &push->outgoing;

        if (outgoing_read(store, image, outgoing, err) < 0 ||
            push_find_places(store, push, err) < 0)
                return -1;
        store_close(store);
        if (reshape_image(&push->options->reshape, outgoing, err) < 0)
                return error_wrap(err, "image %s", image);
        push->digest = outgoing->digest;
        if (push_check_digest(push, image, err) < 0)
                return -1;
        return push_list_blobs(push, err);
}

static int push_prepare_whole(struct store *store, const char *image, struct push *push,
                              struct error *err)
{
        if (whole_read(store, image, &push->whole, err) < 0 ||
            push_find_places(store, push, err) < 0)
                return -1;
        store_close(store);
        push->digest = whole_top(&push->whole)->digest;
        if (push_check_digest(push, image, err) < 0)
                return -1;
        push_list_whole(push);
        return 0;
}

/* What an index names has to be there before it. */
static int push_put_whole(const struct push *push, struct registry *registry, struct error *err)
{
        for (size_t i = 0; i < push->whole.document_count; i++) {
                const struct whole_document *document = push->whole.documents + i;
                bool top = document == whole_top(&push->whole);

                if (registry_put_manifest(
                            registry, top ? push->target->reference : document->digest,
                            document->media_type, document->data, document->length, err) < 0)
                        return -1;
        }
        return 0;
}

static int push_run(struct push *push, struct error *err)
{
        AUTO_REGISTRY struct registry *registry = NULL;
        const struct outgoing *outgoing = &push->outgoing;
        const struct reshape *reshape = &push->options->reshape;

        if (registry_open(&push->options->registry, &push->target->endpoint, REGISTRY_PUSH,
                          &registry, err) < 0 ||
            push_upload(push, registry, err) < 0)
                return -1;
        if (push->options->all) {
                reshape_note(reshape, "Writing manifest list to image destination");
                return push_put_whole(push, registry, err);
        }
        reshape_note(reshape, "Writing manifest to image destination");
        return registry_put_manifest(registry, push->target->reference, outgoing->media_type,
                                     outgoing->document, outgoing->document_length, err);
}

int push_image(struct store *store, const char *image, const struct push_target *target,
               const struct push_options *options, char **ret_digest, struct error *err)
{
        CLEANUP(push_end)
        struct push push = { .options = options, .target = target, .config = -1 };

        if ((options->all ? push_prepare_whole(store, image, &push, err)
                          : push_prepare(store, image, &push, err)) < 0 ||
            push_run(&push, err) < 0)
                return -1;
        *ret_digest = str_dup(push.digest);
        return 0;
}
