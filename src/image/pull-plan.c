/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pull-plan.h"

#include "../base/json.h"
#include "media.h"

#include <errno.h>

#define PULL_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+prettyjws"

/* Schema 1 says what it is by a number; its media type is often missing. */
static int pull_check_schema(struct json_object *document, const struct pull_document *bytes,
                             struct error *err)
{
        const char *type = NULL;
        int64_t version = 2;

        if (json_get_int(document, "schemaVersion", &version, err) < 0 ||
            json_get_string(document, "mediaType", &type, err) < 0)
                return error_wrap(err, "%s", bytes->digest);
        if (version == 1)
                return media_check_manifest(PULL_SCHEMA1, bytes->digest, err);
        return media_check_manifest(type ? type : bytes->media_type, bytes->digest, err);
}

static int pull_check_parts(const struct manifest *manifest, struct error *err)
{
        if (manifest->is_index)
                return 0;
        if (media_check_config(manifest->config.media_type, manifest->config.digest, err) < 0)
                return -1;
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (media_check_layer(manifest->layers[i].media_type, manifest->layers[i].digest,
                                      err) < 0)
                        return -1;
        return 0;
}

int pull_plan_read(const struct pull_document *document, const struct platform *wanted,
                   const char *name, struct manifest *ret, const struct descriptor **ret_child,
                   struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_MANIFEST struct manifest manifest = { 0 };
        const struct descriptor *child = NULL;

        if (json_parse(document->data, document->length, document->digest, &object, err) < 0 ||
            pull_check_schema(object, document, err) < 0 ||
            manifest_parse(object, document->digest, &manifest, err) < 0 ||
            pull_check_parts(&manifest, err) < 0)
                return -1;
        if (manifest.is_index && manifest_choose(&manifest, wanted, name, &child, err) < 0)
                return -1;
        *ret = manifest;
        *ret_child = child;
        manifest = (struct manifest){ 0 };
        return 0;
}

char *pull_plan_type(const struct pull_document *document, const struct manifest *manifest)
{
        AUTO_JSON struct json_object *object = NULL;
        const char *type = NULL;

        if (json_parse(document->data, document->length, document->digest, &object, NULL) == 0)
                json_get_string(object, "mediaType", &type, NULL);
        if (!type && document->media_type &&
            str_has_prefix(document->media_type, "application/vnd"))
                type = document->media_type;
        if (!type)
                type = manifest->is_index ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
        return str_dup(type);
}

static int pull_check_platform(const struct image_config *config, const struct platform *wanted,
                               const char *reference, struct error *err)
{
        struct platform offered = { .os = config->os,
                                    .architecture = config->architecture,
                                    .variant = config->variant };
        AUTO_FREE char *own = NULL;
        AUTO_FREE char *other = NULL;

        if (platform_rank(wanted, &offered))
                return 0;
        own = platform_text(wanted);
        other = platform_text(&offered);
        return error_set(err, ENOEXEC, "%s is for %s, wanted is one for %s", reference, other, own);
}

static void pull_add_layers(struct load_plan *plan, struct load_image *image,
                            const struct manifest *manifest, const struct strv *diff_ids)
{
        image->layers = alloc_zero(manifest->layer_count, sizeof *image->layers);
        for (size_t i = 0; i < manifest->layer_count; i++) {
                const struct descriptor *descriptor = manifest->layers + i;
                struct load_layer layer = { .diff_id = str_dup(diff_ids->items[i]),
                                            .digest = str_dup(descriptor->digest),
                                            .size = descriptor->size,
                                            .media_type = str_dup(descriptor->media_type) };

                image->layers[image->layer_count++] = load_plan_add_layer(plan, &layer);
        }
}

int pull_plan_add(struct load_plan *plan, const struct manifest *manifest,
                  const struct pull_document *config, const struct platform *wanted,
                  const char *reference, struct load_image **ret_image, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_IMAGE_CONFIG struct image_config parsed = { 0 };
        struct load_image *image;

        if (json_parse(config->data, config->length, config->digest, &object, err) < 0 ||
            image_config_parse(object, config->digest, &parsed, err) < 0 ||
            pull_check_platform(&parsed, wanted, reference, err) < 0)
                return -1;
        if (manifest->layer_count != parsed.diff_ids.count)
                return error_set(err, EBADMSG,
                                 "%s: %zu layers are in the manifest, the configuration has %zu",
                                 reference, manifest->layer_count, parsed.diff_ids.count);
        for (size_t i = 0; i < parsed.diff_ids.count; i++)
                if (!digest_hex(parsed.diff_ids.items[i]))
                        return error_set(err, EBADMSG, "%s: diff id '%s' is no digest",
                                         config->digest, parsed.diff_ids.items[i]);
        image = load_plan_add_image(plan);
        image->config = alloc_zero(config->length + 1, 1);
        memcpy(image->config, config->data, config->length);
        image->config_length = config->length;
        image->config_digest = str_dup(config->digest);
        pull_add_layers(plan, image, manifest, &parsed.diff_ids);
        *ret_image = image;
        return 0;
}

char *pull_plan_name(const struct reference *reference)
{
        AUTO_FREE char *name = reference_name(reference, "docker.io");

        if (!reference->digest)
                return steal_str(&name);
        *strrchr(name, ':') = '\0';
        return str_format("%s@%s", name, reference->digest);
}
