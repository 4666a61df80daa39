/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io.h"

#include "cleanup.h"
#include "str.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One more byte than max is asked for: if it comes, the file is too large. */
int io_read_fd(int fd, const char *name, size_t max, char **ret_data, size_t *ret_length,
               struct error *err)
{
        AUTO_STRBUF struct strbuf buf = { 0 };
        struct stat st;
        size_t chunk = 4096;

        /* Files of the kernel say they are empty, and some give their text to the first read alone.
         */
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
            (size_t)st.st_size <= max)
                chunk = (size_t)st.st_size + 1;
        for (;;) {
                AUTO_FREE char *piece = alloc_zero(chunk, 1);
                ssize_t n = read(fd, piece, chunk);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read %s", name);
                if (n == 0)
                        break;
                strbuf_append_n(&buf, piece, (size_t)n);
                if (buf.length > max)
                        return error_set(err, EFBIG, "%s is larger than %zu bytes", name, max);
        }
        if (ret_length)
                *ret_length = buf.length;
        *ret_data = strbuf_steal(&buf);
        return 0;
}

int io_read_file(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_length,
                 struct error *err)
{
        AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        return io_read_fd(fd, path, max, ret_data, ret_length, err);
}

int io_write_all(int fd, const void *data, size_t length)
{
        const char *at = data;

        while (length) {
                ssize_t n = write(fd, at, length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                at += n;
                length -= (size_t)n;
        }
        return 0;
}

/* ".NAME.RANDOM" beside path: hidden, and never the name another process uses at the same time. */
static char *io_temporary_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        int directory = slash ? (int)(slash - path) + 1 : 0;
        uint64_t random = 0;

        if (getrandom(&random, sizeof random, 0) != sizeof random)
                random = (uint64_t)getpid();
        return str_format("%.*s.%s.%016llx", directory, path, path + directory,
                          (unsigned long long)random);
}

int io_sync_directory_of(int dirfd, const char *path)
{
        const char *slash = strrchr(path, '/');
        AUTO_FREE char *directory =
                slash ? str_dupn(path, (size_t)(slash - path) + 1) : str_dup(".");
        AUTO_CLOSE int fd = openat(dirfd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -1 : fsync(fd);
}

static int io_write_new(int dirfd, const char *path, const void *data, size_t length, mode_t mode,
                        enum io_sync sync)
{
        AUTO_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

        if (fd < 0 || fchmod(fd, mode) < 0 || io_write_all(fd, data, length) < 0)
                return -1;
        return sync == IO_SYNC ? fsync(fd) : 0;
}

int io_write_file(int dirfd, const char *path, const void *data, size_t length, mode_t mode,
                  enum io_sync sync, struct error *err)
{
        AUTO_FREE char *temporary = io_temporary_name(path);

        if (io_write_new(dirfd, temporary, data, length, mode, sync) < 0 ||
            renameat(dirfd, temporary, dirfd, path) < 0) {
                error_errno(err, errno, "cannot write %s", path);
                unlinkat(dirfd, temporary, 0);
                return -1;
        }
        if (sync == IO_SYNC && io_sync_directory_of(dirfd, path) < 0)
                return error_errno(err, errno, "cannot sync the directory of %s", path);
        return 0;
}

int io_write_over(int dirfd, const char *path, const void *data, size_t length, mode_t mode,
                  enum io_sync sync, struct error *err)
{
        AUTO_ERROR struct error first = { 0 };

        if (io_write_file(dirfd, path, data, length, mode, sync, &first) == 0)
                return 0;
        if (first.code != EISDIR)
                return error_set(err, first.code, "%s", first.message);
        if (io_remove_tree(dirfd, path, err) < 0)
                return -1;
        return io_write_file(dirfd, path, data, length, mode, sync, err);
}

int io_make_dirs(int dirfd, const char *path, mode_t mode, struct error *err)
{
        AUTO_FREE char *copy = str_dup(path);

        for (char *at = copy + 1; copy[0]; at++) {
                char end = *at;

                if (end && end != '/')
                        continue;
                *at = '\0';
                if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
                        return error_errno(err, errno, "cannot make directory %s", copy);
                *at = end;
                if (!end)
                        break;
        }
        return 0;
}

static int io_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
        struct open_how how = {
                .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
                .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
                .resolve = resolve,
        };

        /* EAGAIN: something was renamed while the kernel looked; it asks to be asked again. */
        for (int tries = 0;; tries++) {
                int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);

                if (fd >= 0 || errno != EAGAIN || tries == 32)
                        return fd;
        }
}

int io_open_in_root(int dirfd, const char *path, int flags, mode_t mode)
{
        return io_openat2(dirfd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* Looked at before it is opened: opening a device is an act of its own (a watchdog starts, a tape
 * rewinds), and opening a fifo may wait. */
int io_open_file_in_root(int dirfd, const char *path)
{
        AUTO_CLOSE int place = io_open_in_root(dirfd, path, O_PATH, 0);
        AUTO_FREE char *again = NULL;
        struct stat st;

        if (place < 0 || fstat(place, &st) < 0)
                return -1;
        if (!S_ISREG(st.st_mode)) {
                errno = ENOENT;
                return -1;
        }
        again = str_format("/proc/self/fd/%d", place);
        return open(again, O_RDONLY | O_CLOEXEC);
}

int io_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
        return io_openat2(dirfd, path, flags, mode,
                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* A removal under way. Descending costs a descriptor and stack for each level, and a container may
 * have nested directories as deep as it liked: what lies deeper than IO_REMOVE_DEPTH is moved up to
 * the top and removed from there. */
struct io_removal {
        int top; /* borrowed */
        dev_t device;
        unsigned long moved;
};

enum {
        IO_REMOVE_DEPTH = 64
};

static int io_remove_entries(struct io_removal *removal, DIR *dir, int depth, const char *path,
                             struct error *err);

static DIR *io_open_dir(int dirfd, const char *name, struct stat *ret_st)
{
        AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *dir = fd < 0 || fstat(fd, ret_st) < 0 ? NULL : fdopendir(fd);

        if (dir)
                fd = -1;
        return dir;
}

static int io_remove_directory(struct io_removal *removal, int parent, const char *name, int depth,
                               const char *path, struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = NULL;
        struct stat st;

        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return 0;
        if (depth == IO_REMOVE_DEPTH) {
                AUTO_FREE char *aside = str_format(".removing.%lu", removal->moved++);

                if (renameat(parent, name, removal->top, aside) < 0)
                        return error_errno(err, errno, "cannot move %s", path);
                return 0;
        }
        if (!(dir = io_open_dir(parent, name, &st)))
                return error_errno(err, errno, "cannot open %s", path);
        if (st.st_dev != removal->device)
                return error_set(err, EXDEV, "%s is a mount point", path);
        if (io_remove_entries(removal, dir, depth + 1, path, err) < 0)
                return -1;
        if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot remove %s", path);
        return 0;
}

/* Empty the directory behind dir; the last failure is kept, the rest is still removed. */
static int io_remove_entries(struct io_removal *removal, DIR *dir, int depth, const char *path,
                             struct error *err)
{
        int result = 0;
        struct dirent *entry;

        while ((entry = readdir(dir))) {
                AUTO_FREE char *name = NULL;

                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
                        continue;
                name = str_format("%s/%s", path, entry->d_name);
                if (errno != EISDIR && errno != EPERM)
                        result = error_errno(err, errno, "cannot remove %s", name);
                else if (io_remove_directory(removal, dirfd(dir), entry->d_name, depth, name, err) <
                         0)
                        result = -1;
        }
        return result;
}

int io_remove_tree(int parent, const char *path, struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = NULL;
        struct io_removal removal = { 0 };
        unsigned long moved;
        struct stat st;

        if (unlinkat(parent, path, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return error_errno(err, errno, "cannot remove %s", path);
        if (!(dir = io_open_dir(parent, path, &st)))
                return error_errno(err, errno, "cannot open %s", path);
        removal.top = dirfd(dir);
        removal.device = st.st_dev;
        do {
                moved = removal.moved;
                rewinddir(dir);
                if (io_remove_entries(&removal, dir, 0, path, err) < 0)
                        return -1;
        } while (moved != removal.moved);
        if (unlinkat(parent, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot remove %s", path);
        return 0;
}

int io_each_name(int parent, const char *path, io_name_function *function, void *context,
                 struct error *err)
{
        AUTO_CLOSE int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read directory %s", path);
        fd = -1;
        while ((entry = readdir(dir))) {
                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                if (function(dirfd(dir), entry->d_name, context, err) < 0)
                        return -1;
        }
        return 0;
}

int io_lock_directory(const char *directory, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/lock", directory);
        AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 && errno == ENOENT) {
                if (io_make_dirs(AT_FDCWD, directory, 0755, err) < 0)
                        return -1;
                fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        }
        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot lock %s", path);
        return steal_fd(&fd);
}

bool io_same_file(const struct stat *a, const struct stat *b)
{
        return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

bool io_is_at(int fd, const char *path)
{
        struct stat held, there;

        return fstat(fd, &held) == 0 && stat(path, &there) == 0 && io_same_file(&held, &there);
}

bool io_is_named(int dir, const char *name, int fd)
{
        struct stat held, named;

        return fstat(fd, &held) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
               io_same_file(&held, &named);
}
