/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-fill.h"

#include "../base/io.h"
#include "mount-idmap.h"
#include "shift.h"
#include "volume-copy.h"

#include <dirent.h>
#include <sys/stat.h>

static int volume_fill_is_empty(const char *path, struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot open %s", path);
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
                        return 0;
        return 1;
}

static int volume_fill_remove_name(int dir, const char *name, void *context, struct error *err)
{
        (void)context;
        return io_remove_tree(dir, name, err);
}

static int volume_fill_sync(const char *path, struct error *err)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || syncfs(fd) < 0 ? error_errno(err, errno, "cannot sync %s", path) : 0;
}

/* Owners as they were read through the mapping become those that are stored. */
static int volume_fill_unmap(const struct volume_fill *fill, const struct spec_mount *mount,
                             const char *path, struct error *err)
{
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };
        AUTO_CLOSE int top = -1;

        if (!mount->idmap)
                return 0;
        if (mount_idmap_stored(mount->idmap, fill->uids, fill->gids, &uids, &gids, err) < 0)
                return error_wrap(err, "%s:%s", mount->source, mount->target);
        top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (top < 0)
                return error_errno(err, errno, "cannot open %s", path);
        return shift_tree(top, &uids, &gids, err);
}

/* The top directory looks as in the image, belongs to whom the definition says, or else, where the
 * image has nothing there, to the container's user. found: the image has it. */
static int volume_fill_set_owner(const struct volume_fill *fill, const struct volume *volume,
                                 const struct spec_mount *mount, const char *path, bool found,
                                 struct error *err)
{
        bool given = volume->uid >= 0 || volume->gid >= 0;

        if (!found && !given && chown(path, fill->uid, fill->gid) < 0)
                return error_errno(err, errno, "cannot change the owner of %s", path);
        if (volume_fill_unmap(fill, mount, path, err) < 0)
                return -1;
        if (given && chown(path, (uid_t)volume->uid, (gid_t)volume->gid) < 0)
                return error_errno(err, errno, "cannot change the owner of %s", path);
        return 0;
}

static int volume_fill_copy(const struct volume_fill *fill, const struct volume *volume,
                            const struct spec_mount *mount, const char *path, int lock,
                            struct error *err)
{
        int found;

        if (volume_set_content(lock, VOLUME_BROKEN, err) < 0)
                return -1;
        found = volume_copy(fill->root, mount->target, path, err);
        if (found < 0 || volume_fill_set_owner(fill, volume, mount, path, found, err) < 0 ||
            volume_fill_sync(path, err) < 0)
                return -1;
        return volume_set_content(lock, VOLUME_FULL, err);
}

/* Half a content goes, and the mark with it: what is written from now on is somebody's. */
static int volume_fill_empty(const char *path, int lock, struct error *err)
{
        if (io_each_name(AT_FDCWD, path, volume_fill_remove_name, NULL, err) < 0 ||
            volume_fill_sync(path, err) < 0)
                return -1;
        return volume_set_content(lock, VOLUME_NEW, err);
}

/* Without the copy it stays new, for another container may bring one. */
int volume_fill(const struct volume_fill *fill, const struct volume *volume,
                const struct spec_mount *mount, const char *path, int lock, struct error *err)
{
        enum volume_content content = volume_content(lock);
        int found;

        if (content == VOLUME_FULL)
                return 0;
        if (content == VOLUME_BROKEN && volume_fill_empty(path, lock, err) < 0)
                return -1;
        found = volume_fill_is_empty(path, err);
        if (found < 0)
                return -1;
        if (!found)
                return volume_set_content(lock, VOLUME_FULL, err);
        if (!mount->no_copy && !volume->no_copy)
                return volume_fill_copy(fill, volume, mount, path, lock, err);
        found = volume_copy_attributes(fill->root, mount->target, path, err);
        return found < 0 ? -1 : volume_fill_set_owner(fill, volume, mount, path, found, err);
}
