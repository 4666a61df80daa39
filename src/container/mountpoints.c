/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mountpoints.h"

#include "../base/io.h"
#include "../base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int mountpoints_fill(const char *path)
{
        static const char *const directories[] = { "dev", "etc", "proc", "run", "sys" };
        static const char *const files[] = { "etc/hostname", "etc/hosts", "etc/resolv.conf",
                                             "run/.containerenv" };
        AUTO_CLOSE int fd = -1;

        if (mountpoints_make_directory(AT_FDCWD, path) < 0)
                return -1;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -1;
        for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
                if (mountpoints_make_directory(fd, directories[i]) < 0)
                        return -1;
        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
                if (mountpoints_make_file(fd, files[i]) < 0)
                        return -1;
        return 0;
}

char *mountpoints_layer(const char *storage)
{
        AUTO_FREE char *path = str_concat(storage, "/mountpoints");
        AUTO_FREE char *aside = NULL;

        if (access(path, F_OK) == 0)
                return steal_str(&path);
        aside = str_format("%s/.mountpoints.%d", storage, (int)getpid());
        if (io_remove_tree(AT_FDCWD, aside, NULL) == 0 && mountpoints_fill(aside) == 0 &&
            rename(aside, path) == 0)
                return steal_str(&path);
        /* Somebody else was first, or the disk is full. */
        io_remove_tree(AT_FDCWD, aside, NULL);
        return access(path, F_OK) == 0 ? steal_str(&path) : NULL;
}
