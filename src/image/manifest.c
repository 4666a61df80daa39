/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manifest.h"

#include "reference.h"

#include <errno.h>

#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

void descriptor_free(struct descriptor *descriptor)
{
        free(descriptor->media_type);
        free(descriptor->digest);
        free(descriptor->os);
        free(descriptor->architecture);
        free(descriptor->variant);
        free(descriptor->ref_name);
        free(descriptor->image_name);
        free(descriptor->file_time);
        *descriptor = (struct descriptor){ 0 };
}

struct json_object *descriptor_to_json(const char *media_type, const char *digest, uint64_t size)
{
        struct json_object *object = json_object_new_object();

        json_set_string(object, "mediaType", media_type);
        json_set_string(object, "digest", digest);
        json_object_object_add(object, "size", json_object_new_int64((int64_t)size));
        return object;
}

bool descriptor_is_index(const struct descriptor *descriptor)
{
        return str_equal(descriptor->media_type, MEDIA_OCI_INDEX) ||
               str_equal(descriptor->media_type, MEDIA_DOCKER_LIST);
}

bool descriptor_is_file(const struct descriptor *descriptor)
{
        return descriptor->media_type && str_has_prefix(descriptor->media_type, MEDIA_FILE_LAYER);
}

static int descriptor_parse_platform(struct json_object *object, struct descriptor *descriptor,
                                     struct error *err)
{
        struct json_object *platform = NULL;

        if (json_get_object(object, "platform", &platform, err) < 0)
                return -1;
        if (!platform)
                return 0;
        if (json_copy_string(platform, "os", &descriptor->os, err) < 0 ||
            json_copy_string(platform, "architecture", &descriptor->architecture, err) < 0 ||
            json_copy_string(platform, "variant", &descriptor->variant, err) < 0)
                return -1;
        if (str_equal(descriptor->os, "unknown") && str_equal(descriptor->architecture, "unknown"))
                descriptor->attestation = true;
        return 0;
}

static int descriptor_parse_annotations(struct json_object *object, struct descriptor *descriptor,
                                        struct error *err)
{
        struct json_object *annotations = NULL;
        const char *type = NULL;

        if (json_get_object(object, "annotations", &annotations, err) < 0)
                return -1;
        if (!annotations)
                return 0;
        if (json_get_string(annotations, "vnd.docker.reference.type", &type, err) < 0 ||
            json_copy_string(annotations, "org.opencontainers.image.ref.name",
                             &descriptor->ref_name, err) < 0 ||
            json_copy_string(annotations, "io.containerd.image.name", &descriptor->image_name,
                             err) < 0 ||
            json_copy_string(annotations, MANIFEST_FILE_TIME, &descriptor->file_time, err) < 0)
                return -1;
        if (type)
                descriptor->attestation = true;
        return 0;
}

int descriptor_parse(struct json_object *object, struct descriptor *ret, struct error *err)
{
        AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
        int64_t size = -1;

        if (json_copy_string(object, "mediaType", &descriptor.media_type, err) < 0 ||
            json_copy_string(object, "digest", &descriptor.digest, err) < 0 ||
            json_get_int(object, "size", &size, err) < 0 ||
            descriptor_parse_platform(object, &descriptor, err) < 0 ||
            descriptor_parse_annotations(object, &descriptor, err) < 0)
                return -1;
        if (!digest_hex(descriptor.digest))
                return error_set(err, EBADMSG, "digest '%s' is not sha256: and 64 digits",
                                 descriptor.digest ? descriptor.digest : "");
        if (size < 0)
                return error_set(err, EBADMSG, "%s has no size", descriptor.digest);
        descriptor.size = (uint64_t)size;
        *ret = descriptor;
        descriptor = (struct descriptor){ 0 };
        return 0;
}

static int manifest_parse_list(struct json_object *array, size_t most, const char *what,
                               struct descriptor **ret, size_t *ret_count, struct error *err)
{
        size_t count = json_object_array_length(array);

        if (count > most)
                return error_set(err, EBADMSG, "%zu %s, at most %zu are possible", count, what,
                                 most);
        *ret = alloc_zero(count, sizeof **ret);
        for (size_t i = 0; i < count; i++) {
                if (descriptor_parse(json_object_array_get_idx(array, i), *ret + i, err) < 0)
                        return error_wrap(err, "%s[%zu]", what, i);
                *ret_count = i + 1;
        }
        return 0;
}

static int manifest_parse_members(struct json_object *document, struct manifest *manifest,
                                  struct error *err)
{
        struct json_object *manifests = NULL, *config = NULL, *layers = NULL;

        if (json_get_array(document, "manifests", &manifests, err) < 0 ||
            json_get_object(document, "config", &config, err) < 0 ||
            json_get_array(document, "layers", &layers, err) < 0)
                return -1;
        if (manifests && (config || layers))
                return error_set(err, EBADMSG, "is an index and a manifest at once");
        if (manifests) {
                manifest->is_index = true;
                return manifest_parse_list(manifests, MANIFEST_MAX_MANIFESTS, "manifests",
                                           &manifest->manifests, &manifest->manifest_count, err);
        }
        if (!config || !layers)
                return error_set(err, EBADMSG,
                                 "is neither an index nor a manifest of schema version 2");
        if (descriptor_parse(config, &manifest->config, err) < 0)
                return error_wrap(err, "config");
        return manifest_parse_list(layers, MANIFEST_MAX_LAYERS, "layers", &manifest->layers,
                                   &manifest->layer_count, err);
}

int manifest_parse(struct json_object *document, const char *name, struct manifest *ret,
                   struct error *err)
{
        AUTO_MANIFEST struct manifest manifest = { 0 };

        if (manifest_parse_members(document, &manifest, err) < 0)
                return error_wrap(err, "%s", name);
        *ret = manifest;
        manifest = (struct manifest){ 0 };
        return 0;
}

static void manifest_free_list(struct descriptor *list, size_t count)
{
        for (size_t i = 0; i < count; i++)
                descriptor_free(list + i);
        free(list);
}

void manifest_free(struct manifest *manifest)
{
        manifest_free_list(manifest->manifests, manifest->manifest_count);
        manifest_free_list(manifest->layers, manifest->layer_count);
        descriptor_free(&manifest->config);
        *manifest = (struct manifest){ 0 };
}

static struct platform manifest_platform(const struct descriptor *descriptor)
{
        return (struct platform){ .os = descriptor->os,
                                  .architecture = descriptor->architecture,
                                  .variant = descriptor->variant };
}

static char *manifest_platforms(const struct manifest *index)
{
        AUTO_STRV struct strv list = { 0 };

        for (size_t i = 0; i < index->manifest_count; i++) {
                struct platform platform = manifest_platform(index->manifests + i);

                if (!index->manifests[i].attestation)
                        strv_append_owned(&list, platform_text(&platform));
        }
        return list.count ? strv_join(&list, ", ") : str_dup("no platform");
}

int manifest_choose(const struct manifest *index, const struct platform *host, const char *name,
                    const struct descriptor **ret, struct error *err)
{
        const struct descriptor *best = NULL;
        int best_rank = 0;

        for (size_t i = 0; i < index->manifest_count; i++) {
                const struct descriptor *offered = index->manifests + i;
                struct platform platform = manifest_platform(offered);
                int rank = offered->attestation ? 0 : platform_rank(host, &platform);

                if (rank <= best_rank)
                        continue;
                best = offered;
                best_rank = rank;
        }
        if (!best) {
                AUTO_FREE char *own = platform_text(host);
                AUTO_FREE char *have = manifest_platforms(index);
                struct platform machine = platform_host();
                bool here = str_equal(host->os, machine.os) &&
                            str_equal(host->architecture, machine.architecture);

                return error_set(err, ENOEXEC, "%s has nothing for %s%s%s, only for %s", name,
                                 here ? "this machine (" : "", own, here ? ")" : "", have);
        }
        *ret = best;
        return 0;
}
