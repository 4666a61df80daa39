/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

#include "../src/base/io.h"
#include "../src/base/str.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_empty(int dirfd)
{
        AUTO_CLOSE int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir)
                return false;
        steal_fd(&fd);
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
                        return false;
        return true;
}

int output_open(struct output *output, const char *path, struct error *err)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT && mkdir(path, 0755) == 0)
                fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open directory %s", path);
        *output = (struct output){ .dirfd = fd, .fresh = is_empty(fd) };
        return 0;
}

void output_close(struct output *output)
{
        cleanup_close(&output->dirfd);
}

static bool is_unchanged(int dirfd, const char *name, const char *data, size_t length)
{
        AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        AUTO_FREE char *present = NULL;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != (off_t)length)
                return false;
        present = alloc_grow(NULL, length, 1);
        return pread(fd, present, length, 0) == (ssize_t)length &&
               memcmp(present, data, length) == 0;
}

/* Where the directory was empty, a file is made under its name: who else writes it at the same
 * time finds it and replaces it. systemd reads when we are done, so that the rename, which costs as
 * much as making the file, is worth nothing there. */
int output_create(const struct output *output, const char *name)
{
        if (!output->fresh)
                return -1;
        return openat(output->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

int output_write(const struct output *output, const char *name, int fd, const char *data,
                 size_t length, struct error *err)
{
        AUTO_CLOSE int file = fd;

        if (file < 0)
                return is_unchanged(output->dirfd, name, data, length)
                               ? 0
                               : io_write_file(output->dirfd, name, data, length, 0644, IO_NO_SYNC,
                                               err);
        if (io_write_all(file, data, length) == 0)
                return 0;
        error_errno(err, errno, "cannot write %s", name);
        unlinkat(output->dirfd, name, 0);
        return -1;
}

void output_drop_empty(const struct output *output, const char *name)
{
        struct stat st;

        if (fstatat(output->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_size == 0)
                unlinkat(output->dirfd, name, 0);
}

/* The target of a link, owned, or NULL where it is something else. */
static char *link_target(int dirfd, const char *path)
{
        char target[PATH_MAX];
        ssize_t length = readlinkat(dirfd, path, target, sizeof target - 1);

        return length < 0 ? NULL : str_dupn(target, (size_t)length);
}

int output_link(const struct output *output, const char *path, const char *target,
                struct error *err)
{
        const char *slash = strrchr(path, '/');

        if (symlinkat(target, output->dirfd, path) == 0)
                return 0;
        if (errno == EEXIST) {
                AUTO_FREE char *present = link_target(output->dirfd, path);

                if (str_equal(present, target))
                        return 0;
                if (present)
                        unlinkat(output->dirfd, path, 0);
        } else if (errno == ENOENT && slash) {
                AUTO_FREE char *directory = str_dupn(path, (size_t)(slash - path));

                if (io_make_dirs(output->dirfd, directory, 0755, err) < 0)
                        return -1;
        }
        if (symlinkat(target, output->dirfd, path) < 0)
                return error_errno(err, errno, "cannot make link %s", path);
        return 0;
}
