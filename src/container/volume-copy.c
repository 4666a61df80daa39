/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-copy.h"

#include "../base/io.h"
#include "../base/str.h"
#include "interrupt.h"

#include <dirent.h>
#include <search.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum {
        COPY_DEPTH = 200, /* directories inside each other; each costs three descriptors */
        COPY_CHUNK = 1024 * 1024 * 1024,
        COPY_XATTR_MAX = 64 * 1024, /* the kernel's limit for a value and for a list */
};

/* A file with several names that was copied under one of them. */
struct copy_link {
        dev_t device;
        ino_t inode;
        char *path; /* owned; relative to the target */
};

struct copy {
        int target;  /* borrowed */
        void *links; /* owned; tree of struct copy_link */
};

/* One directory on the way. */
struct copy_level {
        int from, to;
        int depth;
        const char *path; /* relative to the target, "" at the top, else with a slash at its end */
};

static int copy_link_compare(const void *a, const void *b)
{
        const struct copy_link *x = a, *y = b;

        if (x->device != y->device)
                return x->device < y->device ? -1 : 1;
        return x->inode == y->inode ? 0 : x->inode < y->inode ? -1 : 1;
}

static void copy_link_free(void *link)
{
        free(((struct copy_link *)link)->path);
        free(link);
}

static void copy_free(struct copy *copy)
{
        tdestroy(copy->links, copy_link_free);
}

/* By a way without links: who has the volume mounted already might put one in the place of a
 * directory, and another file of the host would get a name in the volume. */
static int copy_link_beneath(const struct copy *copy, const char *path,
                             const struct copy_level *level, const char *name)
{
        const char *slash = strrchr(path, '/');
        AUTO_FREE char *directory = slash ? str_dupn(path, (size_t)(slash - path)) : str_dup(".");
        AUTO_CLOSE int parent = io_open_beneath(copy->target, directory, O_PATH | O_DIRECTORY, 0);

        return parent < 0 ? -1 : linkat(parent, slash ? slash + 1 : path, level->to, name, 0);
}

/* Another name of a file that is already there: 1 if it was linked, 0 if this is the first. */
static int copy_hard_link(struct copy *copy, const struct copy_level *level, const char *name,
                          const struct stat *st)
{
        struct copy_link *link = alloc_zero(1, sizeof *link);
        struct copy_link **found;

        *link = (struct copy_link){ st->st_dev, st->st_ino, NULL };
        found = tsearch(link, &copy->links, copy_link_compare);
        if (!found)
                abort();
        if (*found == link) {
                link->path = str_format("%s%s", level->path, name);
                return 0;
        }
        free(link);
        return copy_link_beneath(copy, (*found)->path, level, name) < 0 ? -1 : 1;
}

/* Data only: what is a hole stays one. */
static int copy_data(int from, int to, off_t size)
{
        off_t at = 0;

        while (at < size) {
                off_t data = lseek(from, at, SEEK_DATA);
                off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);

                if (data < 0 && errno == ENXIO)
                        break;
                if (data < 0 || hole < 0)
                        data = at, hole = size;
                if (lseek(to, data, SEEK_SET) < 0)
                        return -1;
                for (at = data; at < hole;) {
                        size_t length = hole - at > COPY_CHUNK ? COPY_CHUNK : (size_t)(hole - at);
                        ssize_t n = sendfile(to, from, &at, length);

                        if (n < 0 && errno != EINTR)
                                return -1;
                        if (n == 0)
                                break;
                }
                if (at < hole)
                        break;
        }
        return ftruncate(to, size);
}

static int copy_xattr(const char *from, const char *to, const char *name)
{
        AUTO_FREE char *value = alloc_zero(1, COPY_XATTR_MAX);
        ssize_t length = lgetxattr(from, name, value, COPY_XATTR_MAX);

        if (length < 0)
                return errno == ENODATA ? 0 : -1;
        if (lsetxattr(to, name, value, (size_t)length, 0) == 0)
                return 0;
        /* A file system without them has nothing to lose but a label. */
        return errno == EOPNOTSUPP ? 0 : -1;
}

/* By path through /proc: symbolic links and devices cannot be opened for their attributes. */
static int copy_xattrs(int from, const char *from_name, int to, const char *to_name)
{
        AUTO_FREE char *source = str_format("/proc/self/fd/%d/%s", from, from_name);
        AUTO_FREE char *target = str_format("/proc/self/fd/%d/%s", to, to_name);
        AUTO_FREE char *names = NULL;
        ssize_t length = llistxattr(source, NULL, 0);

        if (length <= 0)
                return length == 0 || errno == EOPNOTSUPP ? 0 : -1;
        names = alloc_zero(1, COPY_XATTR_MAX);
        length = llistxattr(source, names, COPY_XATTR_MAX);
        for (const char *name = names; name < names + length; name += strlen(name) + 1)
                if (copy_xattr(source, target, name) < 0)
                        return -1;
        return length < 0 ? -1 : 0;
}

/* Of what has that name and is no link: who has the volume mounted already might put one there. */
static int copy_mode(int to, const char *name, mode_t mode)
{
        AUTO_CLOSE int fd = openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        AUTO_FREE char *path = str_format("/proc/self/fd/%d", fd);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -1;
        if (S_ISLNK(st.st_mode)) {
                errno = ELOOP;
                return -1;
        }
        return chmod(path, mode);
}

/* Owner first (a change of it clears setuid and capabilities), times last. */
static int copy_attributes(int from, const char *from_name, int to, const char *to_name,
                           const struct stat *st)
{
        struct timespec times[2] = { st->st_atim, st->st_mtim };

        if (fchownat(to, to_name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -1;
        if (!S_ISLNK(st->st_mode) && copy_mode(to, to_name, st->st_mode & 07777) < 0)
                return -1;
        if (copy_xattrs(from, from_name, to, to_name) < 0)
                return -1;
        return utimensat(to, to_name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_regular(const struct copy_level *level, const char *name, const struct stat *st)
{
        AUTO_CLOSE int from = openat(level->from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSE int to = openat(level->to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        return from < 0 || to < 0 ? -1 : copy_data(from, to, st->st_size);
}

static int copy_symlink(const struct copy_level *level, const char *name)
{
        char text[PATH_MAX];
        ssize_t length = readlinkat(level->from, name, text, sizeof text - 1);

        if (length < 0)
                return -1;
        text[length] = '\0';
        return symlinkat(text, level->to, name);
}

static int copy_level_entries(struct copy *copy, const struct copy_level *level, struct error *err);

static int copy_directory(struct copy *copy, const struct copy_level *level, const char *name,
                          struct error *err)
{
        AUTO_FREE char *path = str_format("%s%s/", level->path, name);
        AUTO_CLOSE int from = -1, to = -1;
        struct copy_level inner = { .depth = level->depth + 1, .path = path };

        if (level->depth == COPY_DEPTH)
                return error_set(err, ELOOP, "%s: more than %d directories inside each other", path,
                                 COPY_DEPTH);
        from = openat(level->from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (from < 0 || mkdirat(level->to, name, 0700) < 0)
                return error_errno(err, errno, "cannot copy %s", path);
        to = openat(level->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (to < 0)
                return error_errno(err, errno, "cannot open %s", path);
        inner.from = from;
        inner.to = to;
        return copy_level_entries(copy, &inner, err);
}

/* All but directories. */
static int copy_other(struct copy *copy, const struct copy_level *level, const char *name,
                      const struct stat *st)
{
        if (st->st_nlink > 1) {
                int linked = copy_hard_link(copy, level, name, st);

                if (linked)
                        return linked;
        }
        if (S_ISREG(st->st_mode))
                return copy_regular(level, name, st);
        if (S_ISLNK(st->st_mode))
                return copy_symlink(level, name);
        return mknodat(level->to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev);
}

static int copy_entry(struct copy *copy, const struct copy_level *level, const char *name,
                      struct error *err)
{
        struct stat st;
        int result;

        if (interrupt_check(err) < 0)
                return -1;
        if (fstatat(level->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(err, errno, "cannot look at %s%s", level->path, name);
        if (S_ISDIR(st.st_mode)) {
                if (copy_directory(copy, level, name, err) < 0)
                        return -1;
                result = 0;
        } else {
                result = copy_other(copy, level, name, &st);
        }
        if (result < 0 ||
            (result == 0 && copy_attributes(level->from, name, level->to, name, &st) < 0))
                return error_errno(err, errno, "cannot copy %s%s", level->path, name);
        return 0;
}

static int copy_level_entries(struct copy *copy, const struct copy_level *level, struct error *err)
{
        AUTO_CLOSE int fd = fcntl(level->from, F_DUPFD_CLOEXEC, 3);
        AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read %s", level->path);
        fd = -1;
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
                    copy_entry(copy, level, entry->d_name, err) < 0)
                        return -1;
        return 0;
}

/* Both directories, open. Returns 0 where there is no source. */
static int copy_open(int root, const char *source, const char *target, int *ret_from, int *ret_to,
                     struct error *err)
{
        AUTO_CLOSE int from = io_open_in_root(root, source, O_RDONLY | O_DIRECTORY, 0);
        AUTO_CLOSE int to = -1;

        if (from < 0)
                return errno == ENOENT || errno == ENOTDIR
                               ? 0
                               : error_errno(err, errno, "cannot open %s in the image", source);
        to = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (to < 0)
                return error_errno(err, errno, "cannot open %s", target);
        *ret_from = steal_fd(&from);
        *ret_to = steal_fd(&to);
        return 1;
}

static int copy_top_attributes(int from, const char *source, int to, const char *target,
                               struct error *err)
{
        struct stat st;

        if (fstat(from, &st) < 0 || copy_attributes(from, ".", to, ".", &st) < 0)
                return error_errno(err, errno, "cannot give %s the attributes of %s", target,
                                   source);
        return 1;
}

int volume_copy(int root, const char *source, const char *target, struct error *err)
{
        CLEANUP(copy_free) struct copy copy = { 0 };
        struct copy_level top = { .path = "" };
        AUTO_CLOSE int from = -1, to = -1;
        int found = copy_open(root, source, target, &from, &to, err);

        if (found <= 0)
                return found;
        copy.target = top.to = to;
        top.from = from;
        if (copy_level_entries(&copy, &top, err) < 0)
                return error_wrap(err, "filling the volume of %s", source);
        return copy_top_attributes(from, source, to, target, err);
}

int volume_copy_attributes(int root, const char *source, const char *target, struct error *err)
{
        AUTO_CLOSE int from = -1, to = -1;
        int found = copy_open(root, source, target, &from, &to, err);

        return found <= 0 ? found : copy_top_attributes(from, source, to, target, err);
}
