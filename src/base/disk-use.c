/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk-use.h"

#include "cleanup.h"
#include "str.h"

#include <fcntl.h>
#include <sys/stat.h>

enum {
        DISK_DEPTH = 200 /* directories inside each other that are counted */
};

static uint64_t disk_use_of(int parent, const char *name, int depth)
{
        AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;
        uint64_t sum = 0;
        struct stat st;

        if (!dir)
                return 0;
        steal_fd(&fd);
        if (depth > DISK_DEPTH)
                return 0;
        while ((entry = readdir(dir))) {
                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, "..") ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (S_ISDIR(st.st_mode))
                        sum += disk_use_of(dirfd(dir), entry->d_name, depth + 1);
                sum += (uint64_t)st.st_blocks * 512 / (S_ISDIR(st.st_mode) ? 1 : st.st_nlink);
        }
        return sum;
}

uint64_t disk_use(const char *path)
{
        return disk_use_of(AT_FDCWD, path, 0);
}
