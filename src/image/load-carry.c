/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index that is kept whole: what is for other platforms than this machine's. */
#include "load-plan-parts.h"

#include "../base/json.h"
#include "reference.h"

#include <errno.h>

enum {
        CARRY_MAX_DOCUMENTS = 32 << 20, /* bytes of all manifests together */
        CARRY_MAX_BLOBS = 4096,
        CARRY_MAX_NESTING = 4
};

struct carry {
        struct bundle *bundle;    /* borrowed */
        struct load_plan *plan;   /* borrowed */
        struct load_image *image; /* borrowed */
        size_t bytes;             /* of documents */
        size_t blobs;
};

static bool carry_has_blob(const struct carry *carry, const char *digest)
{
        if (str_equal(carry->image->config_digest, digest))
                return true;
        for (size_t i = 0; i < carry->plan->layer_count; i++)
                if (str_equal(carry->plan->layers[i].digest, digest))
                        return true;
        return false;
}

static int carry_blob(struct carry *carry, const struct descriptor *descriptor, struct error *err)
{
        struct load_layer layer = { .member = load_find_blob(carry->bundle, descriptor->digest),
                                    .carried = true };

        if (carry_has_blob(carry, descriptor->digest))
                return 0;
        if (!layer.member)
                return error_set(err, ENOENT, "%s is missing", descriptor->digest);
        if (layer.member->size != descriptor->size)
                return error_set(err, EBADMSG,
                                 "%s is damaged: it has %llu bytes, expected were %llu",
                                 layer.member->name, (unsigned long long)layer.member->size,
                                 (unsigned long long)descriptor->size);
        if (carry->blobs++ == CARRY_MAX_BLOBS)
                return error_set(err, EFBIG, "more than %d blobs", CARRY_MAX_BLOBS);
        layer.diff_id = str_dup(descriptor->digest);
        layer.digest = str_dup(descriptor->digest);
        layer.size = descriptor->size;
        load_plan_add_layer(carry->plan, &layer);
        return 0;
}

static int carry_manifest(struct carry *carry, const struct manifest *manifest, struct error *err)
{
        if (carry_blob(carry, &manifest->config, err) < 0)
                return -1;
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (carry_blob(carry, manifest->layers + i, err) < 0)
                        return -1;
        return 0;
}

static bool carry_has_document(const struct carry *carry, const char *digest)
{
        for (size_t i = 0; i < carry->image->document_count; i++)
                if (str_equal(carry->image->documents[i].digest, digest))
                        return true;
        return false;
}

static int carry_children(struct carry *carry, const char *text, size_t length, const char *digest,
                          int depth, struct error *err);

static int carry_child(struct carry *carry, const struct descriptor *child, int depth,
                       struct error *err)
{
        AUTO_FREE char *text = NULL;
        size_t length = 0;

        if (carry_has_document(carry, child->digest))
                return 0;
        if (load_read_blob(carry->bundle, child, MANIFEST_MAX_SIZE, &text, &length, err) < 0)
                return -1;
        carry->bytes += length;
        if (carry->bytes > CARRY_MAX_DOCUMENTS)
                return error_set(err, EFBIG, "its manifests have more than %d bytes",
                                 CARRY_MAX_DOCUMENTS);
        load_image_add_document(carry->image, text, length, child->digest);
        return carry_children(carry, text, length, child->digest, depth, err);
}

/* What a manifest or an index leads to. */
static int carry_children(struct carry *carry, const char *text, size_t length, const char *digest,
                          int depth, struct error *err)
{
        AUTO_JSON struct json_object *document = NULL;
        AUTO_MANIFEST struct manifest manifest = { 0 };

        if (depth > CARRY_MAX_NESTING)
                return error_set(err, EBADMSG, "indexes nested too deep");
        if (json_parse(text, length, digest, &document, err) < 0 ||
            manifest_parse(document, digest, &manifest, err) < 0)
                return -1;
        if (!manifest.is_index)
                return carry_manifest(carry, &manifest, err);
        for (size_t i = 0; i < manifest.manifest_count; i++) {
                const struct descriptor *child = manifest.manifests + i;
                struct platform platform = { child->os, child->architecture, child->variant };
                AUTO_FREE char *what = platform_text(&platform);

                if (carry_child(carry, child, depth + 1, err) < 0)
                        return error_wrap(err, "%s (%s)", child->digest, what);
        }
        return 0;
}

int load_carry_index(struct bundle *bundle, struct load_plan *plan, struct load_image *image,
                     const struct descriptor *top, const char *type_or_null, const char *text,
                     size_t length, struct error *err)
{
        struct carry carry = { .bundle = bundle, .plan = plan, .image = image };

        free(image->manifest);
        descriptor_free(&image->descriptor);
        image->manifest = str_dupn(text, length);
        image->manifest_length = length;
        image->descriptor.digest = str_dup(top->digest);
        image->descriptor.size = length;
        image->descriptor.media_type = str_dup(type_or_null ? type_or_null : MEDIA_OCI_INDEX);
        return carry_children(&carry, text, length, top->digest, 0, err);
}
