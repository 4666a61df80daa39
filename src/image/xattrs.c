/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xattrs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/xattr.h>

static int xattrs_compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* self: the file's name in /proc, which works for O_PATH. */
static int xattrs_list(const char *self, const char *path, struct strv *names, struct error *err)
{
        AUTO_FREE char *list = alloc_zero(XATTR_LIST_MAX, 1);
        ssize_t length = listxattr(self, list, XATTR_LIST_MAX);

        if (length < 0 && errno != ENOTSUP)
                return error_errno(err, errno, "cannot list attributes of %s", path);
        for (const char *name = list; name < list + length; name += strlen(name) + 1)
                if (!str_equal(name, "security.selinux"))
                        strv_append(names, name);
        if (names->count)
                qsort(names->items, names->count, sizeof *names->items, xattrs_compare_names);
        return 0;
}

int xattrs_each(int fd, const char *path, xattrs_function *function, void *context,
                struct error *err)
{
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", fd);
        AUTO_FREE char *value = NULL;
        AUTO_STRV struct strv names = { 0 };

        if (xattrs_list(self, path, &names, err) < 0)
                return -1;
        if (names.count)
                value = alloc_zero(XATTR_SIZE_MAX, 1);
        for (size_t i = 0; i < names.count; i++) {
                ssize_t size = getxattr(self, names.items[i], value, XATTR_SIZE_MAX);

                if (size < 0)
                        return error_errno(err, errno, "cannot read %s of %s", names.items[i],
                                           path);
                if (function(context, names.items[i], value, (size_t)size, err) < 0)
                        return -1;
        }
        return 0;
}

bool xattrs_is_overlay(const char *name)
{
        return str_has_prefix(name, "trusted.overlay.") || str_has_prefix(name, "user.overlay.");
}

int xattrs_any(int fd, const char *path, struct error *err)
{
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", fd);
        AUTO_STRV struct strv names = { 0 };

        if (xattrs_list(self, path, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++)
                if (!xattrs_is_overlay(names.items[i]))
                        return 1;
        return 0;
}

struct xattrs_target {
        int fd;           /* borrowed */
        const char *path; /* borrowed */
};

/* An xattrs_function. */
static int xattrs_set(void *context, const char *name, const void *value, size_t size,
                      struct error *err)
{
        const struct xattrs_target *target = context;

        if (!xattrs_is_overlay(name) && fsetxattr(target->fd, name, value, size, 0) < 0)
                return error_errno(err, errno, "cannot set %s of %s", name, target->path);
        return 0;
}

int xattrs_copy(int from, int to, const char *path, struct error *err)
{
        struct xattrs_target target = { to, path };

        return xattrs_each(from, path, xattrs_set, &target, err);
}
