/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container that is kept had mounted in its root, once more: its volumes, and directories of
 * the host. */
#include "kept-mounts.h"

#include "../base/io.h"
#include "../base/json.h"
#include "place.h"

#include <errno.h>
#include <sys/mount.h>
#include <unistd.h>

enum {
        KEPT_CONFIG_MAX = 16 * 1024 * 1024
};

/* Not what the container's start makes anew: devices, the kernel's files, our own below /run. */
static bool kept_mount_is_data(const char *source, const char *destination)
{
        static const char *const own[] = { "/dev", "/proc", "/sys" };
        const char *below = str_after(source, place_runtime());

        for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
                const char *rest = str_after(destination, own[i]);

                if (rest && (!*rest || *rest == '/'))
                        return false;
        }
        return source[0] == '/' && destination[0] == '/' && (!below || *below != '/');
}

/* With other owners than the files have it is only read: whom a new file belonged to in the
 * container is the mapping's, which its start makes. */
static bool kept_mount_is_read_only(const struct strv *options)
{
        for (size_t i = 0; i < options->count; i++)
                if (str_equal(options->items[i], "ro") ||
                    str_has_prefix(options->items[i], "idmap"))
                        return true;
        return false;
}

static int kept_mount_one(int root, const char *source, const char *destination,
                          const struct strv *options, struct error *err)
{
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID };
        unsigned recursive = strv_contains(options, "rbind") ? AT_RECURSIVE : 0;
        AUTO_CLOSE int target = io_open_in_root(root, destination, O_PATH, 0);
        AUTO_CLOSE int tree = -1;

        /* Of what is gone nothing can be copied. */
        if (target < 0 || access(source, F_OK) < 0)
                return 0;
        tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
        if (kept_mount_is_read_only(options))
                attributes.attr_set |= MOUNT_ATTR_RDONLY;
        if (tree < 0 ||
            mount_setattr(tree, "", AT_EMPTY_PATH | recursive, &attributes, sizeof attributes) <
                    0 ||
            move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount %s at %s", source, destination);
        return 0;
}

int kept_mount_volumes(const char *data, int root, struct error *err)
{
        AUTO_FREE char *path = str_concat(data, "/config.json");
        AUTO_JSON struct json_object *config = NULL;
        struct json_object *mounts = NULL;

        /* One that an earlier version has kept has no such file. */
        if (access(path, F_OK) < 0)
                return 0;
        if (json_read_file(AT_FDCWD, path, KEPT_CONFIG_MAX, &config, err) < 0 ||
            json_get_array(config, "mounts", &mounts, err) < 0)
                return -1;
        for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
                struct json_object *mount = json_object_array_get_idx(mounts, i);
                const char *type = "", *source = "", *destination = "";
                AUTO_STRV struct strv options = { 0 };

                if (json_get_string(mount, "type", &type, err) < 0 ||
                    json_get_string(mount, "source", &source, err) < 0 ||
                    json_get_string(mount, "destination", &destination, err) < 0 ||
                    json_get_strv(mount, "options", &options, err) < 0)
                        return error_wrap(err, "%s", path);
                if ((str_equal(type, "bind") || strv_contains(&options, "bind") ||
                     strv_contains(&options, "rbind")) &&
                    kept_mount_is_data(source, destination) &&
                    kept_mount_one(root, source, destination, &options, err) < 0)
                        return -1;
        }
        return 0;
}
