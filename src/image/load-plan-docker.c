/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* docker-archive */
#include "load-plan-parts.h"

#include "../base/json.h"
#include "load.h"
#include "reference.h"

#include <errno.h>

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
            load_image_read_config(image, path, &config, err) < 0)
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

int load_plan_docker(struct bundle *bundle, struct json_object *list, const char *select,
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
