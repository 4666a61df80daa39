/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI layouts, and skopeo's dir: */
#include "load-plan-parts.h"

#include "../base/json.h"
#include "digest.h"
#include "load.h"
#include "reference.h"

#include <errno.h>

/* A walk through a layout. */
struct load_oci {
        struct bundle *bundle;  /* borrowed */
        struct load_plan *plan; /* borrowed */
        bool all;               /* keep indexes whole */
};

const struct bundle_member *load_find_blob(struct bundle *bundle, const char *digest)
{
        static const struct {
                const char *before, *after;
        } places[] = { { "blobs/sha256/", "" }, { "", "" }, { "", ".manifest.json" } };
        const struct bundle_member *member = NULL;

        for (size_t i = 0; !member && i < sizeof places / sizeof *places; i++) {
                AUTO_FREE char *path =
                        str_concat(places[i].before, digest_hex(digest), places[i].after);

                member = bundle_find(bundle, path);
        }
        return member;
}

int load_read_blob(struct bundle *bundle, const struct descriptor *descriptor, size_t max,
                   char **ret_data, size_t *ret_length, struct error *err)
{
        const struct bundle_member *member = load_find_blob(bundle, descriptor->digest);
        const char *path = member ? member->name : descriptor->digest;
        AUTO_FREE char *data = NULL;
        AUTO_FREE char *digest = NULL;

        if (bundle_read(bundle, path, max, &data, ret_length, err) < 0)
                return -1;
        digest = digest_of(data, *ret_length);
        if (!str_equal(digest, descriptor->digest) || *ret_length != descriptor->size)
                return error_set(err, EBADMSG,
                                 "%s is damaged: its %zu bytes have the digest %s, expected were "
                                 "%llu bytes",
                                 path, *ret_length, digest, (unsigned long long)descriptor->size);
        *ret_data = steal_str(&data);
        return 0;
}

static int load_oci_layer(const struct load_oci *oci, struct load_image *image,
                          const struct descriptor *descriptor, const char *diff_id,
                          struct error *err)
{
        struct load_layer layer = { .member = load_find_blob(oci->bundle, descriptor->digest) };

        if (!layer.member)
                return error_set(err, ENOENT, "the layer %s is missing", descriptor->digest);
        if (layer.member->size != descriptor->size)
                return error_set(err, EBADMSG,
                                 "%s is damaged: it has %llu bytes, expected were %llu",
                                 layer.member->name, (unsigned long long)layer.member->size,
                                 (unsigned long long)descriptor->size);
        layer.diff_id = str_dup(diff_id);
        layer.digest = str_dup(descriptor->digest);
        layer.size = descriptor->size;
        layer.whole = descriptor_is_file(descriptor);
        image->layers[image->layer_count++] = load_plan_add_layer(oci->plan, &layer);
        return 0;
}

static int load_oci_layers(const struct load_oci *oci, struct load_image *image,
                           const struct manifest *manifest, struct error *err)
{
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };

        if (load_read_blob(oci->bundle, &manifest->config, CONFIG_MAX_SIZE, &image->config,
                           &image->config_length, err) < 0 ||
            load_image_read_config(image, manifest->config.digest, &config, err) < 0)
                return -1;
        if (manifest->layer_count != config.diff_ids.count)
                return error_set(err, EBADMSG,
                                 "%zu layers are in the manifest, the configuration has %zu",
                                 manifest->layer_count, config.diff_ids.count);
        image->layers = alloc_zero(manifest->layer_count, sizeof *image->layers);
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (load_oci_layer(oci, image, manifest->layers + i, config.diff_ids.items[i],
                                   err) < 0)
                        return -1;
        return 0;
}

static int load_oci_descriptor(const struct load_oci *oci, struct load_image *image,
                               const struct descriptor *descriptor, int depth, struct error *err);

/* A manifest or index whose text (taken over) agrees with the descriptor. */
static int load_oci_document(const struct load_oci *oci, struct load_image *image,
                             const struct descriptor *descriptor, char *owned, size_t length,
                             int depth, struct error *err)
{
        struct platform host = platform_host();
        AUTO_FREE char *text = owned;
        AUTO_JSON struct json_object *document = NULL;
        AUTO_MANIFEST struct manifest manifest = { 0 };
        const struct descriptor *chosen = NULL;
        const char *type = descriptor->media_type;

        if (json_parse(text, length, descriptor->digest, &document, err) < 0 ||
            manifest_parse(document, descriptor->digest, &manifest, err) < 0 ||
            (!type && json_get_string(document, "mediaType", &type, err) < 0))
                return -1;
        if (manifest.is_index) {
                if (manifest_choose(&manifest, &host, descriptor->digest, &chosen, err) < 0)
                        return -1;
                if (load_oci_descriptor(oci, image, chosen, depth + 1, err) < 0)
                        return -1;
                return oci->all && depth == 0
                               ? load_carry_index(oci->bundle, oci->plan, image, descriptor, type,
                                                  text, length, err)
                               : 0;
        }
        image->manifest = steal_str(&text);
        image->manifest_length = length;
        image->descriptor.digest = str_dup(descriptor->digest);
        image->descriptor.size = length;
        image->descriptor.media_type = str_dup(type ? type : MEDIA_OCI_MANIFEST);
        return load_oci_layers(oci, image, &manifest, err);
}

static int load_oci_descriptor(const struct load_oci *oci, struct load_image *image,
                               const struct descriptor *descriptor, int depth, struct error *err)
{
        char *text = NULL;
        size_t length = 0;

        if (depth > 4)
                return error_set(err, EBADMSG, "indexes nested too deep");
        if (load_read_blob(oci->bundle, descriptor, MANIFEST_MAX_SIZE, &text, &length, err) < 0)
                return -1;
        return load_oci_document(oci, image, descriptor, text, length, depth, err);
}

/* containerd writes the full name to one annotation and a tag to the other; the other annotation
 * alone may be a full name (podman, skopeo), a short one, or a mere tag. */
static int load_oci_name(const struct descriptor *descriptor, struct load_image *image,
                         struct error *err)
{
        const char *text = descriptor->image_name ? descriptor->image_name : descriptor->ref_name;
        char *name = NULL;

        if (!text)
                return 0;
        if (reference_normalize(text, "localhost", &name, err) < 0)
                return -1;
        strv_append_owned(&image->names, name);
        return 0;
}

static int load_oci_named(const struct load_oci *oci, const struct descriptor *descriptor,
                          struct error *err)
{
        struct load_image *image = load_plan_add_image(oci->plan);

        if (load_oci_name(descriptor, image, err) < 0)
                return -1;
        return load_oci_descriptor(oci, image, descriptor, 0, err);
}

/* Each named descriptor is an image. Those without a name are one image for several platforms, or
 * images on their own where no platform is given. */
static int load_oci_index(const struct load_oci *oci, const struct manifest *index,
                          const char *select, struct error *err)
{
        struct platform host = platform_host();
        const struct descriptor *chosen = NULL;

        for (size_t i = 0; i < index->manifest_count; i++) {
                const struct descriptor *descriptor = index->manifests + i;
                bool named = descriptor->image_name || descriptor->ref_name;

                if (descriptor->attestation)
                        continue;
                if (select && !load_is_place(select, i) &&
                    !load_is_name(select, descriptor->ref_name, "localhost") &&
                    !load_is_name(select, descriptor->image_name, "localhost"))
                        continue;
                if (!select && !named && descriptor->architecture && index->manifest_count > 1) {
                        if (chosen)
                                continue;
                        if (manifest_choose(index, &host, "index.json", &chosen, err) < 0)
                                return -1;
                        descriptor = chosen;
                }
                if (load_oci_named(oci, descriptor, err) < 0)
                        return error_wrap(err, "%s", descriptor->digest);
        }
        return 0;
}

int load_plan_oci(struct bundle *bundle, const struct load_wish *wish, struct load_plan *plan,
                  struct error *err)
{
        const struct load_oci oci = { bundle, plan, wish->all };
        AUTO_FREE char *text = NULL;
        AUTO_JSON struct json_object *document = NULL;
        AUTO_MANIFEST struct manifest index = { 0 };
        size_t length;

        if (bundle_read(bundle, "index.json", MANIFEST_MAX_SIZE, &text, &length, err) < 0 ||
            json_parse(text, length, "index.json", &document, err) < 0 ||
            manifest_parse(document, "index.json", &index, err) < 0)
                return -1;
        if (!index.is_index)
                return error_set(err, EBADMSG, "index.json is no index");
        if (index.manifest_count > LOAD_MAX_IMAGES)
                return error_set(err, EFBIG, "more than %d images", LOAD_MAX_IMAGES);
        return load_oci_index(&oci, &index, wish->select, err);
}

/* --- skopeo's dir: */

int load_plan_directory(struct bundle *bundle, const char *text, size_t length, bool all,
                        struct load_plan *plan, struct error *err)
{
        const struct load_oci oci = { bundle, plan, all };
        AUTO_DESCRIPTOR struct descriptor descriptor = { .digest = digest_of(text, length),
                                                         .size = length };

        return load_oci_document(&oci, load_plan_add_image(plan), &descriptor,
                                 str_dupn(text, length), length, 0, err);
}

int load_plan_manifest(struct bundle *bundle, const struct descriptor *descriptor, const char *name,
                       struct load_plan *ret, struct error *err)
{
        AUTO_PLAN struct load_plan plan = { 0 };
        const struct load_oci oci = { .bundle = bundle, .plan = &plan };

        if (load_oci_descriptor(&oci, load_plan_add_image(&plan), descriptor, 0, err) < 0)
                return error_wrap(err, "%s", name);
        *ret = plan;
        plan = (struct load_plan){ 0 };
        return 0;
}
