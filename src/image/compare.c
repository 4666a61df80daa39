/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"

#include "../base/io.h"
#include "xattrs.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
        COMPARE_BUFFER = 128 << 10
};

struct compare {
        int found, right; /* borrowed; the tops */
        const volatile sig_atomic_t *cancel;
        struct strv pending; /* directories still to be looked into */
        char *buffer;        /* owned; two of COMPARE_BUFFER */
        char *difference;    /* owned; the first, once there is one */
};

static void compare_end(struct compare *compare)
{
        strv_free(&compare->pending);
        free(compare->buffer);
        free(compare->difference);
}

static int compare_differs(struct compare *compare, const char *path, const char *how)
{
        if (!compare->difference)
                compare->difference = str_format("%s %s", path, how);
        return 1;
}

static int compare_open(int top, const char *path, int flags, int *ret_fd, struct error *err)
{
        int fd = io_open_beneath(top, path, flags | O_NOFOLLOW, 0);

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        *ret_fd = fd;
        return 0;
}

/* --- one entry */

static int compare_order(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool compare_same_time(const struct stat *found, const struct stat *right)
{
        return found->st_mtim.tv_sec == right->st_mtim.tv_sec &&
               found->st_mtim.tv_nsec == right->st_mtim.tv_nsec;
}

/* They are made when the layer is unpacked, and have the time of that. */
static bool compare_is_whiteout(const struct stat *st)
{
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* What differs in the status of a name that both have, or NULL. */
static const char *compare_stat(const struct stat *found, const struct stat *right)
{
        if ((found->st_mode & S_IFMT) != (right->st_mode & S_IFMT))
                return "is of another type";
        if (found->st_mode != right->st_mode)
                return "has another mode";
        if (found->st_uid != right->st_uid || found->st_gid != right->st_gid)
                return "has another owner";
        if (S_ISREG(right->st_mode) && found->st_size != right->st_size)
                return "has another size";
        if (!S_ISDIR(right->st_mode) && found->st_nlink != right->st_nlink)
                return "has another number of names";
        if ((S_ISCHR(right->st_mode) || S_ISBLK(right->st_mode)) &&
            found->st_rdev != right->st_rdev)
                return "is another device";
        if (!S_ISDIR(right->st_mode) && !compare_is_whiteout(right) &&
            !compare_same_time(found, right))
                return "has another time";
        return NULL;
}

static ssize_t compare_read(int fd, char *buffer, off_t offset)
{
        ssize_t n;

        do
                n = pread(fd, buffer, COMPARE_BUFFER, offset);
        while (n < 0 && errno == EINTR);
        return n;
}

static int compare_content(struct compare *compare, const char *path, struct error *err)
{
        AUTO_CLOSE int found = -1;
        AUTO_CLOSE int right = -1;
        char *other = compare->buffer + COMPARE_BUFFER;
        off_t offset = 0;

        if (compare_open(compare->found, path, O_RDONLY, &found, err) < 0 ||
            compare_open(compare->right, path, O_RDONLY, &right, err) < 0)
                return -1;
        for (;;) {
                ssize_t n = compare_read(found, compare->buffer, offset);
                ssize_t m = compare_read(right, other, offset);

                if (m < 0)
                        return error_errno(err, errno, "cannot read %s", path);
                if (n < 0) /* what a disk cannot read any more is what we look for */
                        return compare_differs(compare, path, "cannot be read");
                if (n != m || memcmp(compare->buffer, other, (size_t)n) != 0)
                        return compare_differs(compare, path, "has another content");
                if (n == 0)
                        return 0;
                if (compare->cancel && *compare->cancel)
                        return error_set(err, EINTR, "interrupted");
                offset += n;
        }
}

static int compare_target(struct compare *compare, const char *path, int found, int right)
{
        char one[PATH_MAX], other[PATH_MAX];
        ssize_t n = readlinkat(found, "", one, sizeof one);
        ssize_t m = readlinkat(right, "", other, sizeof other);

        if (n < 0 || n != m || memcmp(one, other, (size_t)n) != 0)
                return compare_differs(compare, path, "leads elsewhere");
        return 0;
}

/* An xattrs_function: names and values, as one text. */
static int compare_add_xattr(void *text, const char *name, const void *value, size_t size,
                             struct error *err)
{
        (void)err;
        strbuf_appendf(text, "%s=%zu:", name, size);
        strbuf_append_n(text, value, size);
        return 0;
}

static int compare_xattrs(struct compare *compare, const char *path, int found, int right,
                          struct error *err)
{
        AUTO_STRBUF struct strbuf one = { 0 };
        AUTO_STRBUF struct strbuf other = { 0 };

        if (xattrs_each(found, path, compare_add_xattr, &one, err) < 0 ||
            xattrs_each(right, path, compare_add_xattr, &other, err) < 0)
                return -1;
        if (one.length != other.length ||
            (one.length && memcmp(one.data, other.data, one.length) != 0))
                return compare_differs(compare, path, "has other extended attributes");
        return 0;
}

/* A name that both have. Directories are noted for later. */
static int compare_entry(struct compare *compare, const char *path, struct error *err)
{
        AUTO_CLOSE int found = -1;
        AUTO_CLOSE int right = -1;
        struct stat one, other;
        const char *how;

        if (compare_open(compare->found, path, O_PATH, &found, err) < 0 ||
            compare_open(compare->right, path, O_PATH, &right, err) < 0)
                return -1;
        if (fstat(found, &one) < 0 || fstat(right, &other) < 0)
                return error_errno(err, errno, "cannot look at %s", path);
        how = compare_stat(&one, &other);
        if (how)
                return compare_differs(compare, path, how);
        if (S_ISLNK(other.st_mode))
                return compare_target(compare, path, found, right);
        if (S_ISDIR(other.st_mode))
                strv_append(&compare->pending, path);
        else if (!S_ISREG(other.st_mode))
                return 0;
        if (compare_xattrs(compare, path, found, right, err) != 0)
                return compare->difference ? 1 : -1;
        return S_ISREG(other.st_mode) ? compare_content(compare, path, err) : 0;
}

/* --- directories */

static int compare_list(int top, const char *path, struct strv *names, struct error *err)
{
        AUTO_CLOSE int fd = io_open_beneath(top, path, O_RDONLY | O_DIRECTORY, 0);
        AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read directory %s", path);
        fd = -1;
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
                        strv_append(names, entry->d_name);
        if (names->count)
                qsort(names->items, names->count, sizeof *names->items, compare_order);
        return 0;
}

/* A name that comes or goes changes it: so it is looked at when all names are the same. */
static int compare_directory_time(struct compare *compare, const char *path, struct error *err)
{
        AUTO_CLOSE int found = -1;
        AUTO_CLOSE int right = -1;
        struct stat one, other;

        if (compare_open(compare->found, path, O_PATH, &found, err) < 0 ||
            compare_open(compare->right, path, O_PATH, &right, err) < 0)
                return -1;
        if (fstat(found, &one) < 0 || fstat(right, &other) < 0)
                return error_errno(err, errno, "cannot look at %s", path);
        return compare_same_time(&one, &other) ? 0
                                               : compare_differs(compare, path, "has another time");
}

static int compare_directory(struct compare *compare, const char *path, struct error *err)
{
        AUTO_STRV struct strv found = { 0 };
        AUTO_STRV struct strv right = { 0 };
        const char *before = str_equal(path, ".") ? "" : path;
        int result = 0;

        if (compare_list(compare->found, path, &found, err) < 0 ||
            compare_list(compare->right, path, &right, err) < 0)
                return -1;
        for (size_t i = 0; result == 0 && (i < found.count || i < right.count); i++) {
                int order = i >= found.count   ? 1
                            : i >= right.count ? -1
                                               : strcmp(found.items[i], right.items[i]);
                AUTO_FREE char *name = str_concat(before, *before ? "/" : "",
                                                  order < 0 ? found.items[i] : right.items[i]);

                if (order)
                        result = compare_differs(compare, name,
                                                 order < 0 ? "is not of the layer" : "is missing");
                else
                        result = compare_entry(compare, name, err);
        }
        return result ? result : compare_directory_time(compare, path, err);
}

int compare_trees(int found, int right, const volatile sig_atomic_t *cancel, char **ret_difference,
                  struct error *err)
{
        CLEANUP(compare_end)
        struct compare compare = { .found = found,
                                   .right = right,
                                   .cancel = cancel,
                                   .buffer = alloc_zero(2, COMPARE_BUFFER) };
        int result = compare_entry(&compare, ".", err);

        while (result == 0 && compare.pending.count) {
                AUTO_FREE char *path = compare.pending.items[--compare.pending.count];

                compare.pending.items[compare.pending.count] = NULL;
                result = compare_directory(&compare, path, err);
        }
        if (result > 0)
                *ret_difference = steal_str(&compare.difference);
        return result;
}
