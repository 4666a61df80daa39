/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-mount.h"

#include "../base/io.h"
#include "device-mount.h"
#include "machine-mounts.h"
#include "ownership.h"
#include "rootfs.h"
#include "shift.h"

#include <errno.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

void volume_view_free(struct volume_view *view)
{
        free(view->path);
        strv_free(&view->options);
}

static bool volume_in_memory(const struct volume *volume)
{
        return str_equal(volume->type, "tmpfs") || str_equal(volume->type, "ramfs");
}

bool volume_needs_layers(const struct volume *volume)
{
        return volume->driver == VOLUME_IMAGE;
}

/* A directory of the host is shown as one of its own: by Type=bind, or the option. */
static bool volume_is_bind(const struct volume *volume)
{
        return volume->device &&
               (str_equal(volume->type, "bind") || str_equal(volume->type, "none") ||
                !volume->type || strv_contains(&volume->words, "bind") ||
                strv_contains(&volume->words, "rbind"));
}

static bool volume_is_mount_point(const char *path)
{
        struct statx st;

        return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == 0 &&
               st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* --- what is mounted once, in the machine's namespace */

static int volume_mount_memory(const struct volume *volume, int lock, const char *data,
                               struct error *err)
{
        const struct device_mount mount = { .type = volume->type,
                                            .words = &volume->words,
                                            .uid = volume->uid,
                                            .gid = volume->gid };

        if (device_mount(&mount, data, err) < 0)
                return -1;
        /* Nothing is in it again. */
        return volume_set_content(lock, VOLUME_NEW, err);
}

static int volume_mount_image(const struct strv *layers, const char *directory, const char *data,
                              struct error *err)
{
        AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* shift: the owners are, or may become, others than the image's. */
        CLEANUP(rootfs_free) struct rootfs rootfs = { .writable = fd, .shift = true };

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", directory);
        strv_append_all(&rootfs.layers, layers);
        return rootfs_mount_on(&rootfs, directory, data, err);
}

static int volume_unmount(const char *data, struct error *err)
{
        while (volume_is_mount_point(data))
                if (umount2(data, UMOUNT_NOFOLLOW | MNT_DETACH) < 0)
                        return error_errno(err, errno, "cannot unmount %s", data);
        return 0;
}

/* Giving it owners was interrupted: nobody has used what is there. */
static int volume_empty_image(const char *directory, const char *data, int lock, struct error *err)
{
        AUTO_FREE char *upper = str_concat(directory, "/upper");
        AUTO_FREE char *work = str_concat(directory, "/work");

        if (volume_unmount(data, err) < 0 || io_remove_tree(AT_FDCWD, upper, err) < 0 ||
            io_remove_tree(AT_FDCWD, work, err) < 0 ||
            io_make_dirs(AT_FDCWD, upper, 0755, err) < 0 ||
            io_make_dirs(AT_FDCWD, work, 0700, err) < 0)
                return -1;
        return volume_set_content(lock, VOLUME_NEW, err);
}

static int volume_settle_image(const struct volume_image *image, const char *data, int lock,
                               struct error *err)
{
        AUTO_CLOSE int top = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (!image->used || volume_content(lock) == VOLUME_FULL)
                return 0;
        if (top < 0)
                return error_errno(err, errno, "cannot open %s", data);
        if (image->uids && (volume_set_content(lock, VOLUME_BROKEN, err) < 0 ||
                            shift_tree(top, image->uids, image->gids, err) < 0))
                return -1;
        if (syncfs(top) < 0)
                return error_errno(err, errno, "cannot sync %s", data);
        return volume_set_content(lock, VOLUME_FULL, err);
}

static int volume_hold_image(const struct volume_image *image, const char *directory,
                             const char *data, int lock, struct error *err)
{
        if (volume_content(lock) == VOLUME_BROKEN &&
            volume_empty_image(directory, data, lock, err) < 0)
                return -1;
        if (!volume_is_mount_point(data) &&
            volume_mount_image(image->layers, directory, data, err) < 0)
                return -1;
        return volume_settle_image(image, data, lock, err);
}

static int volume_hold_here(const char *storage, const struct volume *volume, int lock,
                            const struct volume_image *image, int *ret_tree, struct error *err)
{
        AUTO_FREE char *directory = volume_directory(storage, volume->name);
        AUTO_FREE char *data = volume_data(storage, volume->name);
        int result = 0, tree;

        if (image)
                result = volume_hold_image(image, directory, data, lock, err);
        else if (!volume_is_mount_point(data))
                result = volume_mount_memory(volume, lock, data, err);
        if (result < 0)
                return -1;
        tree = open_tree(AT_FDCWD, data, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (tree < 0)
                return error_errno(err, errno, "cannot use %s", data);
        *ret_tree = tree;
        return 0;
}

static int volume_show_held(const char *storage, const struct volume *volume, int lock,
                            const struct volume_image *image, const char *target, struct error *err)
{
        AUTO_FREE char *absolute = realpath(storage, NULL);
        struct machine_mounts machine;
        AUTO_CLOSE int tree = -1;
        int result;

        if (!absolute)
                return error_errno(err, errno, "cannot use %s", storage);
        if (machine_mounts_enter(&machine, err) < 0)
                return -1;
        result = volume_hold_here(absolute, volume, lock, image, &tree, err);
        if (machine_mounts_leave(&machine, result < 0 ? NULL : err) < 0 || result < 0)
                return -1;
        if (io_make_dirs(AT_FDCWD, target, 0700, err) < 0)
                return -1;
        if (move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount on %s", target);
        return 0;
}

/* --- what is mounted for each */

static int volume_give_top(const struct volume *volume, const char *path, struct error *err)
{
        uid_t uid = volume->uid < 0 ? (uid_t)-1 : (uid_t)volume->uid;
        gid_t gid = volume->gid < 0 ? (gid_t)-1 : (gid_t)volume->gid;
        struct stat st;

        if (volume->uid < 0 && volume->gid < 0)
                return 0;
        if (stat(path, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", path);
        if ((volume->uid < 0 || st.st_uid == uid) && (volume->gid < 0 || st.st_gid == gid))
                return 0;
        if (ownership_is_system(path))
                return error_set(err, EPERM,
                                 "%s is a directory of the system, its owner is not changed", path);
        if (chown(path, uid, gid) < 0 && errno != EROFS)
                return error_errno(err, errno, "cannot change the owner of %s", path);
        return 0;
}

static int volume_show_device(const struct volume *volume, const char *target, struct error *err)
{
        const struct device_mount mount = { .type = volume->type,
                                            .device = volume->device,
                                            .words = &volume->words,
                                            .uid = volume->uid,
                                            .gid = volume->gid };

        if (io_make_dirs(AT_FDCWD, target, 0700, err) < 0 || device_mount(&mount, target, err) < 0)
                return -1;
        return device_mount_takes_owner(volume->type) ? 0 : volume_give_top(volume, target, err);
}

static int volume_show_directory(const struct volume *volume, const char *path, struct error *err)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return error_errno(err, errno, "cannot use %s", path);
        if (!S_ISDIR(st.st_mode))
                return error_set(err, ENOTDIR, "%s is no directory", path);
        return volume_is_bind(volume) ? volume_give_top(volume, path, err) : 0;
}

int volume_show(const char *storage, const struct volume *volume, int lock,
                const struct volume_image *image_or_null, const char *target,
                struct volume_view *ret, struct error *err)
{
        AUTO_FREE char *path = NULL;
        bool directory =
                volume_is_bind(volume) || (!volume->type && volume->driver == VOLUME_LOCAL);
        int result;

        if (volume_is_bind(volume))
                path = str_dup(volume->device);
        else
                path = directory ? volume_data(storage, volume->name) : str_dup(target);
        if (directory)
                result = volume_show_directory(volume, path, err);
        else if (volume_in_memory(volume) || volume_needs_layers(volume))
                result = volume_show_held(storage, volume, lock, image_or_null, target, err);
        else
                result = volume_show_device(volume, target, err);
        if (result < 0)
                return error_wrap(err, "volume '%s'", volume->name);
        ret->path = steal_str(&path);
        if (directory)
                strv_append_all(&ret->options, &volume->words);
        else if (strv_contains(&volume->words, "ro"))
                strv_append(&ret->options, "ro");
        return 0;
}

/* --- the end of it */

bool volume_is_held(const char *storage, const char *name)
{
        AUTO_FREE char *data = volume_data(storage, name);

        return volume_is_mount_point(data);
}

int volume_release(const char *storage, const char *name, struct error *err)
{
        AUTO_FREE char *absolute = realpath(storage, NULL);
        AUTO_FREE char *data = volume_data(absolute ? absolute : storage, name);
        struct machine_mounts machine;
        int result;

        if (machine_mounts_enter(&machine, err) < 0)
                return -1;
        result = volume_unmount(data, err);
        if (machine_mounts_leave(&machine, result < 0 ? NULL : err) < 0)
                return -1;
        return result;
}
