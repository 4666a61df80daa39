/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load-plan.h"

#include "../base/json.h"
#include "change.h"
#include "digest.h"
#include "load.h"
#include "reference.h"

#include <errno.h>
#include <time.h>

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

size_t load_plan_add_layer(struct load_plan *plan, struct load_layer *layer)
{
        for (size_t i = 0; layer->diff_id && i < plan->layer_count; i++) {
                if (!str_equal(plan->layers[i].diff_id, layer->diff_id) ||
                    !str_equal(plan->layers[i].digest, layer->digest))
                        continue;
                free(layer->diff_id);
                free(layer->digest);
                free(layer->media_type);
                return i;
        }
        plan->layers = alloc_grow(plan->layers, plan->layer_count + 1, sizeof *plan->layers);
        plan->layers[plan->layer_count] = *layer;
        return plan->layer_count++;
}

/* --- which of them */

/* Does "@N" mean the image at this place? */
static bool load_is_place(const char *select, size_t place)
{
        unsigned long long number;

        return *select == '@' && str_to_u64(select + 1, LOAD_MAX_IMAGES, &number) &&
               number == place;
}

/* Is text, as the archive has it, the name that was asked for? registry stands for a missing one.
 */
static bool load_is_name(const char *select, const char *text, const char *registry)
{
        AUTO_FREE char *wanted = NULL;
        AUTO_FREE char *name = NULL;

        if (str_equal(select, text))
                return true;
        return text && reference_normalize(select, registry, &wanted, NULL) == 0 &&
               reference_normalize(text, registry, &name, NULL) == 0 && str_equal(wanted, name);
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

/* --- a document and its digest */

static int load_parse_config(struct load_image *image, const char *name, struct image_config *ret,
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

/* Where a blob is: in an OCI layout, or in skopeo's dir:, which has manifests below an index under
 * a longer name. NULL where it is in none of these places. */
static const struct bundle_member *load_find_blob(struct bundle *bundle, const char *digest)
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

/* A document, compared with its descriptor. */
static int load_read_blob(struct bundle *bundle, const struct descriptor *descriptor, size_t max,
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

/* --- docker-archive */

/* name is "HEX/layer.tar" or the like. */
static int load_docker_layer(struct bundle *bundle, struct load_plan *plan,
                             struct load_image *image, const char *name, const char *diff_id,
                             struct error *err)
{
        struct load_layer layer = { .member = bundle_find(bundle, name) };

        if (!layer.member)
                return error_set(err, ENOENT, "the layer %s is missing", name);
        layer.diff_id = str_dup(diff_id);
        image->layers[image->layer_count++] = load_plan_add_layer(plan, &layer);
        return 0;
}

static int load_docker_layers(struct bundle *bundle, struct load_plan *plan,
                              struct load_image *image, const struct strv *layers,
                              const struct strv *diff_ids, struct error *err)
{
        if (layers->count != diff_ids->count)
                return error_set(err, EBADMSG, "%zu layers are listed, the configuration has %zu",
                                 layers->count, diff_ids->count);
        if (layers->count > MANIFEST_MAX_LAYERS)
                return error_set(err, EBADMSG, "%zu layers, at most %d are possible", layers->count,
                                 MANIFEST_MAX_LAYERS);
        image->layers = alloc_zero(layers->count, sizeof *image->layers);
        for (size_t i = 0; i < layers->count; i++)
                if (load_docker_layer(bundle, plan, image, layers->items[i], diff_ids->items[i],
                                      err) < 0)
                        return -1;
        return 0;
}

static int load_docker_image(struct bundle *bundle, struct json_object *object,
                             struct load_plan *plan, struct error *err)
{
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };
        AUTO_STRV struct strv tags = { 0 };
        AUTO_STRV struct strv layers = { 0 };
        struct load_image *image = load_plan_add_image(plan);
        const char *path = NULL;

        if (json_get_string(object, "Config", &path, err) < 0 ||
            json_get_strv(object, "RepoTags", &tags, err) < 0 ||
            json_get_strv(object, "Layers", &layers, err) < 0)
                return -1;
        if (!path)
                return error_set(err, EBADMSG, "names no configuration");
        if (bundle_read(bundle, path, CONFIG_MAX_SIZE, &image->config, &image->config_length, err) <
                    0 ||
            load_parse_config(image, path, &config, err) < 0)
                return -1;
        for (size_t i = 0; i < tags.count; i++) {
                char *name = NULL;

                if (reference_normalize(tags.items[i], "docker.io", &name, err) < 0)
                        return -1;
                strv_append_owned(&image->names, name);
        }
        return load_docker_layers(bundle, plan, image, &layers, &config.diff_ids, err);
}

static bool load_docker_wanted(const char *select, struct json_object *object, size_t place)
{
        AUTO_STRV struct strv tags = { 0 };

        if (!select || load_is_place(select, place))
                return true;
        if (json_get_strv(object, "RepoTags", &tags, NULL) < 0)
                return false;
        for (size_t i = 0; i < tags.count; i++)
                if (load_is_name(select, tags.items[i], "docker.io"))
                        return true;
        return false;
}

static int load_plan_docker(struct bundle *bundle, struct json_object *list, const char *select,
                            struct load_plan *plan, struct error *err)
{
        if (json_object_array_length(list) > LOAD_MAX_IMAGES)
                return error_set(err, EFBIG, "more than %d images", LOAD_MAX_IMAGES);
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                struct json_object *object = json_object_array_get_idx(list, i);

                if (load_docker_wanted(select, object, i) &&
                    load_docker_image(bundle, object, plan, err) < 0)
                        return error_wrap(err, "manifest.json[%zu]", i);
        }
        return 0;
}

/* --- OCI */

static int load_oci_layer(struct bundle *bundle, struct load_plan *plan, struct load_image *image,
                          const struct descriptor *descriptor, const char *diff_id,
                          struct error *err)
{
        struct load_layer layer = { .member = load_find_blob(bundle, descriptor->digest) };

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
        image->layers[image->layer_count++] = load_plan_add_layer(plan, &layer);
        return 0;
}

static int load_oci_layers(struct bundle *bundle, struct load_plan *plan, struct load_image *image,
                           const struct manifest *manifest, struct error *err)
{
        AUTO_IMAGE_CONFIG struct image_config config = { 0 };

        if (load_read_blob(bundle, &manifest->config, CONFIG_MAX_SIZE, &image->config,
                           &image->config_length, err) < 0 ||
            load_parse_config(image, manifest->config.digest, &config, err) < 0)
                return -1;
        if (manifest->layer_count != config.diff_ids.count)
                return error_set(err, EBADMSG,
                                 "%zu layers are in the manifest, the configuration has %zu",
                                 manifest->layer_count, config.diff_ids.count);
        image->layers = alloc_zero(manifest->layer_count, sizeof *image->layers);
        for (size_t i = 0; i < manifest->layer_count; i++)
                if (load_oci_layer(bundle, plan, image, manifest->layers + i,
                                   config.diff_ids.items[i], err) < 0)
                        return -1;
        return 0;
}

static int load_oci_descriptor(struct bundle *bundle, struct load_plan *plan,
                               struct load_image *image, const struct descriptor *descriptor,
                               int depth, struct error *err);

/* A manifest or index whose text (taken over) agrees with the descriptor. */
static int load_oci_document(struct bundle *bundle, struct load_plan *plan,
                             struct load_image *image, const struct descriptor *descriptor,
                             char *owned, size_t length, int depth, struct error *err)
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
                return load_oci_descriptor(bundle, plan, image, chosen, depth + 1, err);
        }
        image->manifest = steal_str(&text);
        image->manifest_length = length;
        image->descriptor.digest = str_dup(descriptor->digest);
        image->descriptor.size = length;
        image->descriptor.media_type = str_dup(type ? type : MEDIA_OCI_MANIFEST);
        return load_oci_layers(bundle, plan, image, &manifest, err);
}

static int load_oci_descriptor(struct bundle *bundle, struct load_plan *plan,
                               struct load_image *image, const struct descriptor *descriptor,
                               int depth, struct error *err)
{
        char *text = NULL;
        size_t length = 0;

        if (depth > 4)
                return error_set(err, EBADMSG, "indexes nested too deep");
        if (load_read_blob(bundle, descriptor, MANIFEST_MAX_SIZE, &text, &length, err) < 0)
                return -1;
        return load_oci_document(bundle, plan, image, descriptor, text, length, depth, err);
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

static int load_oci_named(struct bundle *bundle, struct load_plan *plan,
                          const struct descriptor *descriptor, struct error *err)
{
        struct load_image *image = load_plan_add_image(plan);

        if (load_oci_name(descriptor, image, err) < 0)
                return -1;
        return load_oci_descriptor(bundle, plan, image, descriptor, 0, err);
}

/* Each named descriptor is an image. Those without a name are one image for several platforms, or
 * images on their own where no platform is given. */
static int load_oci_index(struct bundle *bundle, struct load_plan *plan,
                          const struct manifest *index, const char *select, struct error *err)
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
                if (load_oci_named(bundle, plan, descriptor, err) < 0)
                        return error_wrap(err, "%s", descriptor->digest);
        }
        return 0;
}

static int load_plan_oci(struct bundle *bundle, const char *select, struct load_plan *plan,
                         struct error *err)
{
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
        return load_oci_index(bundle, plan, &index, select, err);
}

/* --- skopeo's dir: */

static int load_plan_directory(struct bundle *bundle, const char *text, size_t length,
                               struct load_plan *plan, struct error *err)
{
        AUTO_DESCRIPTOR struct descriptor descriptor = { .digest = digest_of(text, length),
                                                         .size = length };

        return load_oci_document(bundle, plan, load_plan_add_image(plan), &descriptor,
                                 str_dupn(text, length), length, 0, err);
}

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
                return load_plan_directory(bundle, text, length, plan, err);
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
                result = load_plan_oci(bundle, wish->select, &plan, err);
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

int load_plan_manifest(struct bundle *bundle, const struct descriptor *descriptor, const char *name,
                       struct load_plan *ret, struct error *err)
{
        AUTO_PLAN struct load_plan plan = { 0 };

        if (load_oci_descriptor(bundle, &plan, load_plan_add_image(&plan), descriptor, 0, err) < 0)
                return error_wrap(err, "%s", name);
        *ret = plan;
        plan = (struct load_plan){ 0 };
        return 0;
}

/* --- a root file system */

void load_plan_rootfs(struct stream *stream, const char *name, struct load_plan *ret)
{
        struct load_plan plan = { 0 };
        struct load_layer layer = { .stream = stream };
        struct load_image *image = load_plan_add_image(&plan);

        image->layers = alloc_zero(1, sizeof *image->layers);
        image->layers[0] = load_plan_add_layer(&plan, &layer);
        image->layer_count = 1;
        strv_append(&image->names, name);
        *ret = plan;
}

/* The newest file's time, so that the same tar gives the same image. */
static void load_format_time(const struct timespec *when, char *text, size_t size)
{
        struct tm broken;

        if (!gmtime_r(&when->tv_sec, &broken) || broken.tm_year > 8000)
                gmtime_r(&(time_t){ 0 }, &broken);
        strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &broken);
}

int load_plan_describe_rootfs(struct load_plan *plan, struct json_object *document,
                              const char *name, const struct strv *changes, struct error *err)
{
        AUTO_JSON struct json_object *base = NULL;

        if (!document)
                base = json_object_new_object();
        else if (change_adopt(document, name, &base, err) < 0)
                return -1;
        for (size_t i = 0; changes && i < changes->count; i++)
                if (change_apply(base, changes->items[i], err) < 0)
                        return -1;
        json_object_put(plan->images->base);
        plan->images->base = steal_ptr(&base);
        return 0;
}

static void load_set_default(struct json_object *config, const char *key, const char *value)
{
        if (!json_object_object_get_ex(config, key, NULL))
                json_set_string(config, key, value);
}

int load_plan_finish_rootfs(struct load_plan *plan, const char *name, struct error *err)
{
        AUTO_IMAGE_CONFIG struct image_config parsed = { 0 };
        struct load_image *image = plan->images;
        AUTO_JSON struct json_object *config =
                image->base ? json_object_get(image->base) : json_object_new_object();
        struct platform host = platform_host();
        AUTO_STRV struct strv diff_ids = { 0 };
        struct json_object *rootfs;
        char created[40];

        load_format_time(&plan->layers->result.newest, created, sizeof created);
        load_set_default(config, "created", created);
        load_set_default(config, "architecture", host.architecture);
        load_set_default(config, "os", host.os);
        if (!json_object_object_get_ex(config, "config", NULL))
                json_add_object(config, "config");
        rootfs = json_add_object(config, "rootfs");
        json_set_string(rootfs, "type", "layers");
        strv_append(&diff_ids, plan->layers->diff_id);
        json_set_strv(rootfs, "diff_ids", &diff_ids);
        image->config = json_text(config, false);
        image->config_length = strlen(image->config);
        return load_parse_config(image, name, &parsed, err);
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
