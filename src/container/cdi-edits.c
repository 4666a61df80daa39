/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cdi.h"

#include "device.h"
#include "path.h"

#include <errno.h>

typedef int cdi_function(struct container_spec *spec, struct json_object *item, struct error *err);

static int cdi_env(struct container_spec *spec, struct json_object *item, struct error *err)
{
        const char *pair = json_object_get_string(item);

        if (!json_object_is_type(item, json_type_string) || *pair == '=' || !strchr(pair, '='))
                return error_set(err, EINVAL, "env: not NAME=VALUE");
        strv_append(&spec->env, pair);
        return 0;
}

static int cdi_gid(struct container_spec *spec, struct json_object *item, struct error *err)
{
        if (!json_object_is_type(item, json_type_int) || json_object_get_int64(item) < 0 ||
            json_object_get_int64(item) >= UINT32_MAX)
                return error_set(err, EINVAL, "additionalGids: not a number of a group");
        strv_appendf(&spec->groups, "%lld", (long long)json_object_get_int64(item));
        return 0;
}

static int cdi_absolute(const char *path, const char *what, struct error *err)
{
        if (path && path[0] == '/')
                return 0;
        return error_set(err, EINVAL, "%s: '%s' is not an absolute path", what, path ? path : "");
}

/* Of the host's device; type and numbers in the file only say again what that is. */
static int cdi_node(struct container_spec *spec, struct json_object *item, struct error *err)
{
        const char *path = NULL, *host = NULL, *rights = "rwm";
        int64_t mode = -1, uid = -1, gid = -1;
        struct spec_device *device;

        if (json_get_string(item, "path", &path, err) < 0 ||
            json_get_string(item, "hostPath", &host, err) < 0 ||
            json_get_string(item, "permissions", &rights, err) < 0 ||
            json_get_int(item, "fileMode", &mode, err) < 0 ||
            json_get_int(item, "uid", &uid, err) < 0 || json_get_int(item, "gid", &gid, err) < 0)
                return -1;
        if (!host)
                host = path;
        if (cdi_absolute(path, "deviceNodes", err) < 0 ||
            cdi_absolute(host, "deviceNodes", err) < 0)
                return -1;
        if (!*rights || rights[strspn(rights, "rwm")])
                return error_set(err, EINVAL, "permissions '%s' are not some of r, w and m",
                                 rights);
        device = spec_add_device(spec);
        *device = (struct spec_device){ .host = path_clean(host),
                                        .container = path_clean(path),
                                        .rights = str_dup(rights),
                                        .owned = true,
                                        .mode = mode,
                                        .uid = uid,
                                        .gid = gid };
        return 0;
}

static bool cdi_is_mounted(const struct container_spec *spec, const char *target)
{
        for (size_t i = 0; i < spec->mount_count; i++)
                if (str_equal(spec->mounts[i].target, target))
                        return true;
        return false;
}

static int cdi_mount(struct container_spec *spec, struct json_object *item, struct error *err)
{
        const char *host = NULL, *inside = NULL, *type = "bind";
        AUTO_FREE char *target = NULL;
        struct spec_mount *mount;

        if (json_get_string(item, "hostPath", &host, err) < 0 ||
            json_get_string(item, "containerPath", &inside, err) < 0 ||
            json_get_string(item, "type", &type, err) < 0 ||
            cdi_absolute(inside, "mounts", err) < 0)
                return -1;
        if (!str_equal(type, "tmpfs") && !str_equal(type, "bind") && *type)
                return error_set(err, EOPNOTSUPP, "mounts of type '%s' are not supported", type);
        if (!str_equal(type, "tmpfs") && cdi_absolute(host, "mounts", err) < 0)
                return -1;
        target = path_clean(inside);
        /* What the user mounts there counts more. */
        if (str_equal(target, "/") || cdi_is_mounted(spec, target))
                return str_equal(target, "/") ? error_set(err, EINVAL, "mounts: over the root") : 0;
        mount = spec_add_mount(spec);
        mount->target = steal_str(&target);
        mount->type = str_equal(type, "tmpfs") ? SPEC_MOUNT_TMPFS : SPEC_MOUNT_BIND;
        if (mount->type == SPEC_MOUNT_BIND)
                mount->source = path_clean(host);
        return json_get_strv(item, "options", &mount->options, err);
}

/* The container's init is started by us, and what runs afterwards belongs to systemd: nobody is
 * there for the two late ones. */
static int cdi_hook(struct container_spec *spec, struct json_object *item, struct error *err)
{
        static const char *const known[] = { "prestart", "createRuntime", "createContainer",
                                             "startContainer" };
        const char *name = NULL, *path = NULL;
        bool runs = false;

        if (json_get_string(item, "hookName", &name, err) < 0 ||
            json_get_string(item, "path", &path, err) < 0 || cdi_absolute(path, "hooks", err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                runs = runs || str_equal(known[i], name);
        if (!runs)
                return error_set(err, EOPNOTSUPP,
                                 "a hook '%s' would not be run: crunit knows prestart, "
                                 "createRuntime, createContainer and startContainer; write "
                                 "ExecStartPost= or ExecStopPost= into the unit",
                                 name ? name : "");
        if (!spec->hooks)
                spec->hooks = json_object_new_array();
        json_object_array_add(spec->hooks, json_object_get(item));
        return 0;
}

static const struct {
        const char *key;
        cdi_function *apply; /* NULL: refused */
} cdi_members[] = {
        { "env", cdi_env },     { "deviceNodes", cdi_node },   { "mounts", cdi_mount },
        { "hooks", cdi_hook },  { "additionalGids", cdi_gid }, { "intelRdt", NULL },
        { "netDevices", NULL },
};

/* A member of containerEdits: a list of things of one kind. */
static int cdi_apply_member(struct container_spec *spec, const char *key, struct json_object *list,
                            cdi_function *apply, struct error *err)
{
        if (!apply)
                return error_set(err, EOPNOTSUPP, "'%s' is not supported", key);
        if (!json_object_is_type(list, json_type_array))
                return error_set(err, EINVAL, "'%s' is not a list", key);
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                struct json_object *item = json_object_array_get_idx(list, i);
                bool object = apply == cdi_node || apply == cdi_mount || apply == cdi_hook;

                if (object && !json_object_is_type(item, json_type_object))
                        return error_set(err, EINVAL, "'%s' is not a list of objects", key);
                if (apply(spec, item, err) < 0)
                        return -1;
        }
        return 0;
}

int cdi_apply_edits(struct container_spec *spec, struct json_object *edits, struct error *err)
{
        if (!edits)
                return 0;
        json_object_object_foreach(edits, key, value)
        {
                size_t i = 0;

                while (i < sizeof cdi_members / sizeof *cdi_members &&
                       !str_equal(cdi_members[i].key, key))
                        i++;
                /* Not to be run with less than it needs. */
                if (i == sizeof cdi_members / sizeof *cdi_members)
                        return error_set(err, EOPNOTSUPP, "'%s' is not known", key);
                if (value && cdi_apply_member(spec, key, value, cdi_members[i].apply, err) < 0)
                        return -1;
        }
        return 0;
}
