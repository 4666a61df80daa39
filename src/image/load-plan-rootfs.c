/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A root file system that is no image yet. */
#include "load-plan-parts.h"

#include "../base/json.h"
#include "change.h"

#include <time.h>

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
        return load_image_read_config(image, name, &parsed, err);
}
