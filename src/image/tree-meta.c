/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree-meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static int tree_set_xattr(int fd, const struct tree_xattr *xattr)
{
        AUTO_FREE char *path = NULL;

        if (fsetxattr(fd, xattr->name, xattr->value, xattr->length, 0) == 0)
                return 0;
        if (errno != EBADF) /* opened with O_PATH */
                return -1;
        path = str_format("/proc/self/fd/%d", fd);
        return setxattr(path, xattr->name, xattr->value, xattr->length, 0);
}

int tree_set_xattrs(int fd, const char *path, const struct tree_meta *meta, struct error *err)
{
        for (size_t i = 0; i < meta->xattr_count; i++) {
                const struct tree_xattr *xattr = meta->xattrs + i;

                if (str_equal(xattr->name, TREE_DEFAULT_ACL) || tree_set_xattr(fd, xattr) == 0)
                        continue;
                if (str_has_prefix(xattr->name, "user.") && (errno == ENOTSUP || errno == EPERM))
                        continue;
                return error_errno(err, errno, "cannot set %s of %s", xattr->name, path);
        }
        return 0;
}

static bool tree_needs_chown(const struct tree_owner *own, const struct tree_meta *meta)
{
        return meta->uid != own->uid || meta->gid != own->gid;
}

int tree_set_meta(const struct tree_owner *own, int fd, const char *path,
                  const struct tree_meta *meta, struct error *err)
{
        const struct timespec times[] = { meta->mtime, meta->mtime };

        if (tree_needs_chown(own, meta) && fchown(fd, meta->uid, meta->gid) < 0)
                return error_errno(err, errno, "cannot give %s to %u:%u", path, meta->uid,
                                   meta->gid);
        if (meta->mode & 07000 && fchmod(fd, meta->mode & 07777) < 0)
                return error_errno(err, errno, "cannot set the mode of %s", path);
        if (meta->xattr_count && tree_set_xattrs(fd, path, meta, err) < 0)
                return -1;
        if (futimens(fd, times) < 0)
                return error_errno(err, errno, "cannot set the time of %s", path);
        return 0;
}

/* By descriptor of O_PATH, so through its name in /proc. */
static int tree_set_mode(int fd, mode_t mode)
{
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", fd);

        return chmod(self, mode);
}

int tree_set_meta_at(const struct tree_owner *own, int parent, const char *name, const char *path,
                     const struct tree_meta *meta, struct error *err)
{
        const struct timespec times[] = { meta->mtime, meta->mtime };
        AUTO_CLOSE int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        bool is_link = S_ISLNK(meta->mode);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if ((st.st_mode & S_IFMT) != (meta->mode & S_IFMT))
                return error_set(err, EBUSY, "somebody else is changing %s", path);
        if (tree_needs_chown(own, meta) &&
            fchownat(fd, "", meta->uid, meta->gid, AT_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot give %s to %u:%u", path, meta->uid,
                                   meta->gid);
        if (!is_link && meta->mode & 07000 && tree_set_mode(fd, meta->mode & 07777) < 0)
                return error_errno(err, errno, "cannot set the mode of %s", path);
        if (!is_link && meta->xattr_count && tree_set_xattrs(fd, path, meta, err) < 0)
                return -1;
        if (utimensat(fd, "", times, AT_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot set the time of %s", path);
        return 0;
}
