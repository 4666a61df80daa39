/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree-copy.h"

#include "../base/io.h"
#include "../base/str.h"

#include <dirent.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

enum {
        TREE_DEPTH = 200, /* directories inside each other; each costs some descriptors */
        TREE_CHUNK = 1024 * 1024 * 1024,
        TREE_XATTR_MAX = 64 * 1024, /* the kernel's limit for a value and for a list */
};

/* From where we are, the kernel would let us remove what something of the container's is mounted
 * on, and the mount with it. */
static bool tree_is_mounted(int to, const char *name)
{
        struct statx st;

        return statx(to, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == 0 &&
               st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

int tree_copy_make_room(int to, const char *name, mode_t mode, struct error *err)
{
        struct stat st;

        if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot look at %s", name);
        if (S_ISDIR(st.st_mode) && S_ISDIR(mode))
                return 0;
        if (S_ISDIR(st.st_mode))
                return error_set(err, EISDIR, "%s is a directory there, and not here", name);
        if (S_ISDIR(mode))
                return error_set(err, ENOTDIR, "%s is no directory there, and is one here", name);
        /* A file that is a mount is written to. */
        if (!tree_is_mounted(to, name) && unlinkat(to, name, 0) < 0 && errno != EBUSY &&
            errno != ENOENT)
                return error_errno(err, errno, "cannot replace %s", name);
        return 0;
}

int tree_copy_open_file(int to, const char *name, struct error *err)
{
        int fd = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        struct stat st;

        if (fd < 0 && errno == EEXIST) {
                fd = openat(to, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
                if (fd >= 0 &&
                    (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || ftruncate(fd, 0) < 0)) {
                        close(fd);
                        return error_set(err, EEXIST, "cannot replace %s", name);
                }
        }
        return fd >= 0 ? fd : error_errno(err, errno, "cannot make %s", name);
}

int tree_copy_open_made(int to, const char *name, mode_t mode, struct error *err)
{
        AUTO_CLOSE int fd = openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", name);
        if ((st.st_mode & S_IFMT) != (mode & S_IFMT))
                return error_set(err, EBUSY, "somebody else is changing %s", name);
        return steal_fd(&fd);
}

int tree_copy_attributes(const struct tree_copy *copy, int fd, const char *name,
                         const struct stat *st, struct error *err)
{
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", fd);
        struct timespec times[2] = { st->st_mtim, st->st_mtim };
        mode_t mode = st->st_mode & (copy->to_host ? 01777 : 07777);
        uid_t uid = copy->keep_owners ? st->st_uid : copy->uid;
        gid_t gid = copy->keep_owners ? st->st_gid : copy->gid;

        /* Owner first: a change of it clears setuid. */
        if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ||
            (!S_ISLNK(st->st_mode) && chmod(self, mode) < 0) ||
            utimensat(fd, "", times, AT_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot set the attributes of %s", name);
        return 0;
}

/* --- one thing */

static bool tree_wants_xattr(const struct tree_copy *copy, const char *name)
{
        return str_has_prefix(name, "user.") ||
               (!copy->to_host && str_equal(name, "security.capability"));
}

/* A file system that takes none has nothing to lose. */
static void tree_copy_xattrs(const struct tree_copy *copy, int from, int to)
{
        AUTO_FREE char *source = str_format("/proc/self/fd/%d", from);
        AUTO_FREE char *target = str_format("/proc/self/fd/%d", to);
        AUTO_FREE char *names = alloc_zero(1, TREE_XATTR_MAX);
        AUTO_FREE char *value = alloc_zero(1, TREE_XATTR_MAX);
        ssize_t length = listxattr(source, names, TREE_XATTR_MAX);

        for (const char *at = names; at < names + length; at += strlen(at) + 1) {
                ssize_t size = tree_wants_xattr(copy, at)
                                       ? getxattr(source, at, value, TREE_XATTR_MAX)
                                       : -1;

                if (size >= 0)
                        setxattr(target, at, value, (size_t)size, 0);
        }
}

/* A regular file that was opened with O_PATH, for reading. */
static int tree_reopen(int from, int flags)
{
        AUTO_FREE char *path = str_format("/proc/self/fd/%d", from);

        return open(path, flags | O_CLOEXEC);
}

static int tree_copy_data(int from, int to, const char *name, struct error *err)
{
        for (;;) {
                ssize_t n = sendfile(to, from, NULL, TREE_CHUNK);

                if (n == 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot copy %s", name);
        }
}

/* These return a descriptor of what they made. */
static int tree_copy_regular(int from, int to, const char *name, struct error *err)
{
        AUTO_CLOSE int source = tree_reopen(from, O_RDONLY);
        AUTO_CLOSE int target = -1;

        if (source < 0)
                return error_errno(err, errno, "cannot open %s", name);
        target = tree_copy_open_file(to, name, err);
        if (target < 0 || tree_copy_data(source, target, name, err) < 0)
                return -1;
        return steal_fd(&target);
}

static int tree_copy_symlink(int from, int to, const char *name, struct error *err)
{
        char text[PATH_MAX];
        ssize_t length = readlinkat(from, "", text, sizeof text - 1);

        if (length < 0)
                return error_errno(err, errno, "cannot read the link %s", name);
        text[length] = '\0';
        if (symlinkat(text, to, name) < 0)
                return error_errno(err, errno, "cannot make %s", name);
        return tree_copy_open_made(to, name, S_IFLNK, err);
}

static int tree_copy_at(const struct tree_copy *copy, int from, int to, const char *name, int depth,
                        struct error *err);

static int tree_copy_entries(const struct tree_copy *copy, int from, int to, int depth,
                             struct error *err)
{
        AUTO_CLOSE int listed = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = listed >= 0 ? fdopendir(listed) : NULL;
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read a directory");
        listed = -1;
        while ((entry = readdir(dir))) {
                AUTO_CLOSE int fd = -1;

                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                fd = openat(dirfd(dir), entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0 && errno == ENOENT)
                        continue;
                if (fd < 0)
                        return error_errno(err, errno, "cannot open %s", entry->d_name);
                if (tree_copy_at(copy, fd, to, entry->d_name, depth + 1, err) < 0)
                        return -1;
        }
        return 0;
}

static int tree_copy_directory(const struct tree_copy *copy, int from, int to, const char *name,
                               int depth, struct error *err)
{
        AUTO_CLOSE int inner = -1;

        if (depth > TREE_DEPTH)
                return error_set(err, ELOOP, "%s: more than %d directories inside each other", name,
                                 TREE_DEPTH);
        if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make %s", name);
        inner = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0)
                return error_errno(err, errno, "cannot open %s", name);
        if (tree_copy_entries(copy, from, inner, depth, err) < 0)
                return error_wrap(err, "%s", name);
        return steal_fd(&inner);
}

/* Devices, fifos, sockets. */
static int tree_copy_node(int to, const char *name, const struct stat *st, struct error *err)
{
        if (mknodat(to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0)
                return error_errno(err, errno, "cannot make %s", name);
        return tree_copy_open_made(to, name, st->st_mode, err);
}

/* To the host goes no device. */
static bool tree_leave_out(const struct tree_copy *copy, const char *name, mode_t mode)
{
        AUTO_FREE char *line = NULL;

        if (!copy->to_host || S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISFIFO(mode))
                return false;
        line = str_format("%s is a %s and is not copied", name,
                          S_ISSOCK(mode) ? "socket" : "device");
        copy->warn(line);
        return true;
}

static int tree_copy_made(const struct tree_copy *copy, int from, int to, const char *name,
                          const struct stat *st, int depth, struct error *err)
{
        if (S_ISDIR(st->st_mode))
                return tree_copy_directory(copy, from, to, name, depth, err);
        if (S_ISREG(st->st_mode))
                return tree_copy_regular(from, to, name, err);
        if (S_ISLNK(st->st_mode))
                return tree_copy_symlink(from, to, name, err);
        return tree_copy_node(to, name, st, err);
}

static int tree_copy_at(const struct tree_copy *copy, int from, int to, const char *name, int depth,
                        struct error *err)
{
        AUTO_CLOSE int made = -1;
        struct stat st;

        if (fstat(from, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", name);
        if (tree_copy_make_room(to, name, st.st_mode, err) < 0)
                return -1;
        if (tree_leave_out(copy, name, st.st_mode))
                return 0;
        made = tree_copy_made(copy, from, to, name, &st, depth, err);
        if (made < 0 || tree_copy_attributes(copy, made, name, &st, err) < 0)
                return -1;
        if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
                tree_copy_xattrs(copy, from, made);
        return 0;
}

int tree_copy(const struct tree_copy *copy, int from, int to, const char *name, struct error *err)
{
        return tree_copy_at(copy, from, to, name, 0, err);
}

int tree_copy_content(const struct tree_copy *copy, int from, int to, struct error *err)
{
        return tree_copy_entries(copy, from, to, 0, err);
}
