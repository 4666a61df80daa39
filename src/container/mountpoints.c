/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mountpoints.h"

#include "../base/io.h"
#include "../base/str.h"
#include "path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories before what is in them. */
static const struct {
        const char *path;
        bool directory;
} mountpoints_all[] = {
        { "/dev", true },
        { "/etc", true },
        { "/etc/hostname", false },
        { "/etc/hosts", false },
        { "/etc/resolv.conf", false },
        { "/proc", true },
        { "/run", true },
        { "/run/.containerenv", false },
        { "/sys", true },
};

enum {
        MOUNTPOINTS_COUNT = sizeof mountpoints_all / sizeof *mountpoints_all
};

bool mountpoints_has(const char *path_or_null)
{
        AUTO_FREE char *clean = path_or_null ? path_clean(path_or_null) : NULL;

        for (size_t i = 0; i < MOUNTPOINTS_COUNT; i++)
                if (str_equal(clean, mountpoints_all[i].path))
                        return true;
        return false;
}

static int mountpoints_make_directory(int dirfd, const char *path)
{
        /* They can be seen where the image has no such directory: as those that crun makes. */
        return mkdirat(dirfd, path, 0755) < 0 ? -1 : fchmodat(dirfd, path, 0755, 0);
}

static int mountpoints_make_file(int dirfd, const char *path)
{
        AUTO_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        return fd < 0 ? -1 : fchmod(fd, 0644);
}

static int mountpoints_fill(int fd)
{
        for (size_t i = 0; i < MOUNTPOINTS_COUNT; i++) {
                const char *path = mountpoints_all[i].path + 1;

                if ((mountpoints_all[i].directory ? mountpoints_make_directory(fd, path)
                                                  : mountpoints_make_file(fd, path)) < 0)
                        return -1;
        }
        return 0;
}

/* Among what is being made in the store (store-work.h): locked, or it would be swept. */
static int mountpoints_make(const char *storage, const char *path)
{
        AUTO_FREE char *tmp = str_concat(storage, "/tmp");
        AUTO_FREE char *aside = str_format("%s/mountpoints.%d", tmp, (int)getpid());
        AUTO_CLOSE int fd = -1;

        if (io_make_dirs(AT_FDCWD, tmp, 0700, NULL) < 0 ||
            io_remove_tree(AT_FDCWD, aside, NULL) < 0 ||
            mountpoints_make_directory(AT_FDCWD, aside) < 0)
                return -1;
        fd = open(aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && io_is_at(fd, aside) &&
            mountpoints_fill(fd) == 0 && rename(aside, path) == 0)
                return 0;
        /* Somebody else was first, or the disk is full. */
        io_remove_tree(AT_FDCWD, aside, NULL);
        return access(path, F_OK);
}

char *mountpoints_layer(const char *storage)
{
        AUTO_FREE char *path = str_concat(storage, "/mountpoints");

        if (access(path, F_OK) < 0 && mountpoints_make(storage, path) < 0)
                return NULL;
        return steal_str(&path);
}
