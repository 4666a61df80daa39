/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load-plan.h"

#include "../base/json.h"
#include "digest.h"
#include "load-plan-parts.h"
#include "load.h"
#include "reference.h"

#include <errno.h>

void load_plan_free(struct load_plan *plan)
{
        for (size_t i = 0; i < plan->image_count; i++) {
                struct load_image *image = plan->images + i;

                strv_free(&image->names);
                json_object_put(image->base);
                free(image->config);
                free(image->config_digest);
                free(image->manifest);
                descriptor_free(&image->descriptor);
                free(image->layers);
                for (size_t j = 0; j < image->document_count; j++) {
                        free(image->documents[j].data);
                        free(image->documents[j].digest);
                }
                free(image->documents);
        }
        for (size_t i = 0; i < plan->layer_count; i++) {
                free(plan->layers[i].diff_id);
                free(plan->layers[i].digest);
                free(plan->layers[i].media_type);
                free(plan->layers[i].file_time);
                free(plan->layers[i].blob);
                layer_result_free(&plan->layers[i].result);
        }
        free(plan->images);
        free(plan->layers);
        *plan = (struct load_plan){ 0 };
}

struct load_image *load_plan_add_image(struct load_plan *plan)
{
        plan->images = alloc_grow(plan->images, plan->image_count + 1, sizeof *plan->images);
        plan->images[plan->image_count] = (struct load_image){ 0 };
        return plan->images + plan->image_count++;
}

/* One image may only carry what another one is made of. */
static void load_plan_merge_layer(struct load_layer *known, struct load_layer *layer)
{
        if (known->carried && !layer->carried) {
                known->carried = false;
                known->whole = layer->whole;
                free(known->media_type);
                known->media_type = steal_str(&layer->media_type);
        }
        free(layer->diff_id);
        free(layer->digest);
        free(layer->media_type);
}

size_t load_plan_add_layer(struct load_plan *plan, struct load_layer *layer)
{
        for (size_t i = 0; layer->diff_id && i < plan->layer_count; i++) {
                if (!str_equal(plan->layers[i].diff_id, layer->diff_id) ||
                    !str_equal(plan->layers[i].digest, layer->digest))
                        continue;
                load_plan_merge_layer(plan->layers + i, layer);
                return i;
        }
        plan->layers = alloc_grow(plan->layers, plan->layer_count + 1, sizeof *plan->layers);
        plan->layers[plan->layer_count] = *layer;
        return plan->layer_count++;
}

void load_image_add_document(struct load_image *image, const char *data, size_t length,
                             const char *digest)
{
        struct load_document document = { alloc_zero(length + 1, 1), length, str_dup(digest) };

        memcpy(document.data, data, length);
        image->documents =
                alloc_grow(image->documents, image->document_count + 1, sizeof *image->documents);
        image->documents[image->document_count++] = document;
}

/* --- parts of both kinds */

bool load_is_place(const char *select, size_t place)
{
        unsigned long long number;

        return *select == '@' && str_to_u64(select + 1, LOAD_MAX_IMAGES, &number) &&
               number == place;
}

bool load_is_name(const char *select, const char *text, const char *registry)
{
        AUTO_FREE char *wanted = NULL;
        AUTO_FREE char *name = NULL;

        if (str_equal(select, text))
                return true;
        return text && reference_normalize(select, registry, &wanted, NULL) == 0 &&
               reference_normalize(text, registry, &name, NULL) == 0 && str_equal(wanted, name);
}

int load_image_read_config(struct load_image *image, const char *name, struct image_config *ret,
                           struct error *err)
{
        AUTO_JSON struct json_object *document = NULL;

        if (json_parse(image->config, image->config_length, name, &document, err) < 0 ||
            image_config_parse(document, name, ret, err) < 0 ||
            image_config_check_platform(ret, name, err) < 0)
                return -1;
        image->config_digest = digest_of(image->config, image->config_length);
        return 0;
}

/* --- what kind is it? */

/* manifest.json is a list in a docker-archive, and the one image's manifest in dir:. */
static int load_plan_manifest_json(struct bundle *bundle, const struct load_wish *wish,
                                   struct load_plan *plan, struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_JSON struct json_object *document = NULL;
        size_t length;

        if (bundle_read(bundle, "manifest.json", MANIFEST_MAX_SIZE, &text, &length, err) < 0 ||
            json_parse(text, length, "manifest.json", &document, err) < 0)
                return -1;
        if (json_object_is_type(document, json_type_array) && wish->transport != TRANSPORT_DIR)
                return load_plan_docker(bundle, document, wish->select, plan, err);
        if (json_object_is_type(document, json_type_object) &&
            wish->transport != TRANSPORT_DOCKER_ARCHIVE)
                return load_plan_directory(bundle, text, length, wish->all, plan, err);
        return error_set(err, EBADMSG, "manifest.json is no %s",
                         wish->transport == TRANSPORT_DIR ? "image's manifest" : "list");
}

static bool load_wants_oci(const struct load_wish *wish)
{
        return wish->transport != TRANSPORT_DOCKER_ARCHIVE && wish->transport != TRANSPORT_DIR;
}

static bool load_wants_other(const struct load_wish *wish)
{
        return wish->transport != TRANSPORT_OCI && wish->transport != TRANSPORT_OCI_ARCHIVE;
}

int load_plan_bundle(struct bundle *bundle, const char *name, const struct load_wish *wish,
                     struct load_plan *ret, struct error *err)
{
        AUTO_PLAN struct load_plan plan = { 0 };
        int result;

        if (load_wants_oci(wish) && bundle_find(bundle, "oci-layout") &&
            bundle_find(bundle, "index.json"))
                result = load_plan_oci(bundle, wish, &plan, err);
        else if (load_wants_other(wish) && bundle_find(bundle, "manifest.json"))
                result = load_plan_manifest_json(bundle, wish, &plan, err);
        else if (!load_wants_other(wish))
                result = error_set(err, ENOENT, "it has no index.json and oci-layout");
        else if (!load_wants_oci(wish))
                result = error_set(err, ENOENT, "it has no manifest.json");
        else
                result = error_set(err, ENOENT,
                                   "it has neither index.json and oci-layout nor manifest.json");
        if (result == 0 && !plan.image_count && wish->select)
                result = error_set(err, ENOENT, "there is no image '%s' in it", wish->select);
        if (result == 0 && !plan.image_count)
                result = error_set(err, ENOENT, "there is no image in it");
        if (result < 0)
                return error_wrap(err, "%s", name);
        *ret = plan;
        plan = (struct load_plan){ 0 };
        return 0;
}

/* --- a manifest of our own */

void load_plan_make_manifest(struct load_plan *plan, struct load_image *image)
{
        AUTO_JSON struct json_object *manifest = json_object_new_object();
        struct json_object *layers;

        json_object_object_add(manifest, "schemaVersion", json_object_new_int(2));
        json_set_string(manifest, "mediaType", MEDIA_OCI_MANIFEST);
        json_object_object_add(
                manifest, "config",
                descriptor_to_json(MEDIA_OCI_CONFIG, image->config_digest, image->config_length));
        layers = json_add_array(manifest, "layers");
        for (size_t i = 0; i < image->layer_count; i++) {
                const struct load_layer *layer = plan->layers + image->layers[i];

                struct json_object *object =
                        descriptor_to_json(layer->media_type, layer->digest, layer->size);

                if (layer->file_time)
                        json_set_string(json_add_object(object, "annotations"), MANIFEST_FILE_TIME,
                                        layer->file_time);
                json_object_array_add(layers, object);
        }
        image->manifest = json_text(manifest, false);
        image->manifest_length = strlen(image->manifest);
        image->descriptor.digest = digest_of(image->manifest, image->manifest_length);
        image->descriptor.size = image->manifest_length;
        image->descriptor.media_type = str_dup(MEDIA_OCI_MANIFEST);
}
