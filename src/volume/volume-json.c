/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../base/json.h"
#include "volume.h"

#include <errno.h>

struct json_object *volume_to_json(const struct volume *volume)
{
        struct json_object *object = json_object_new_object();

        json_set_string(object, "Name", volume->name);
        json_set_string(object, "Driver", volume_driver_name(volume->driver));
        json_set_string(object, "CreatedAt", volume->created);
        json_set_pairs(object, "Labels", &volume->labels);
        json_set_pairs(object, "Options", &volume->options);
        if (volume->uid >= 0)
                json_object_object_add(object, "UID", json_object_new_int64(volume->uid));
        if (volume->gid >= 0)
                json_object_object_add(object, "GID", json_object_new_int64(volume->gid));
        json_set_string(object, "ImageID", volume->image_id);
        return object;
}

static int volume_get_map(struct json_object *object, const char *key, struct strv *list,
                          struct error *err)
{
        struct json_object *map = NULL;

        if (json_get_object(object, key, &map, err) < 0)
                return -1;
        if (!map)
                return 0;
        json_object_object_foreach(map, name, value)
        {
                if (!json_object_is_type(value, json_type_string) || !*name || strchr(name, '='))
                        return error_set(err, EBADMSG, "\"%s\" is no map of strings", key);
                strv_appendf(list, "%s=%s", name, json_object_get_string(value));
        }
        return 0;
}

static int volume_get_owner(struct json_object *object, const char *key, int64_t *ret,
                            struct error *err)
{
        int64_t value = -1;

        if (json_get_int(object, key, &value, err) < 0)
                return -1;
        if (value < -1 || value >= UINT32_MAX)
                return error_set(err, ERANGE, "\"%s\" is no number of a user or group", key);
        *ret = value;
        return 0;
}

static int volume_get_members(struct json_object *object, struct volume *volume, struct error *err)
{
        const char *driver = "local";

        if (json_copy_string(object, "Name", &volume->name, err) < 0 ||
            json_copy_string(object, "CreatedAt", &volume->created, err) < 0 ||
            json_copy_string(object, "ImageID", &volume->image_id, err) < 0 ||
            json_get_string(object, "Driver", &driver, err) < 0 ||
            volume_get_map(object, "Labels", &volume->labels, err) < 0 ||
            volume_get_map(object, "Options", &volume->options, err) < 0 ||
            volume_get_owner(object, "UID", &volume->uid, err) < 0 ||
            volume_get_owner(object, "GID", &volume->gid, err) < 0)
                return -1;
        if (!volume->name || !volume_name_valid(volume->name))
                return error_set(err, EBADMSG, "\"Name\" is no volume's name");
        if (!str_equal(driver, "local") && !str_equal(driver, "image"))
                return error_set(err, EBADMSG, "\"Driver\" is neither local nor image");
        volume->driver = str_equal(driver, "image") ? VOLUME_IMAGE : VOLUME_LOCAL;
        if (volume->image_id && (strlen(volume->image_id) != 64 ||
                                 volume->image_id[strspn(volume->image_id, "0123456789abcdef")]))
                return error_set(err, EBADMSG, "\"ImageID\" is no id");
        return 0;
}

int volume_from_json(struct json_object *object, struct volume *ret, struct error *err)
{
        AUTO_VOLUME struct volume volume = VOLUME_NONE;
        int64_t uid, gid;

        if (!json_object_is_type(object, json_type_object))
                return error_set(err, EBADMSG, "no object");
        if (volume_get_members(object, &volume, err) < 0)
                return -1;
        /* Names were looked up when it was made; whom they mean today is another matter. */
        uid = volume.uid;
        gid = volume.gid;
        if (volume_read_options(&volume, err) < 0)
                return -1;
        volume.uid = uid;
        volume.gid = gid;
        *ret = volume;
        volume = (struct volume)VOLUME_NONE;
        return 0;
}
