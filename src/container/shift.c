/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shift.h"

#include "../base/io.h"
#include "interrupt.h"

#include <dirent.h>
#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum {
        SHIFT_DEPTH = 400, /* directories inside each other; each costs a descriptor */
        SHIFT_ATTRIBUTE_MAX = 64 * 1024, /* the kernel's limit */
};

struct shift {
        const struct idmap *uids, *gids;
        dev_t device;
        unsigned char *data; /* owned; SHIFT_ATTRIBUTE_MAX bytes */
};

static void shift_free(struct shift *shift)
{
        free(shift->data);
}

/* --- attributes */

static uint32_t shift_get(const unsigned char *data)
{
        uint32_t value;

        memcpy(&value, data, sizeof value);
        return le32toh(value);
}

static void shift_put(unsigned char *data, uint32_t value)
{
        value = htole32(value);
        memcpy(data, &value, sizeof value);
}

/* Revision 2 is good for the host's root, revision 3 for the root that it names. */
size_t shift_caps(unsigned char *data, size_t length, const struct idmap *uids)
{
        static const size_t plain = sizeof(struct vfs_cap_data);
        uint32_t magic = length >= plain ? shift_get(data) : 0, root = 0, before;
        uint32_t revision = magic & VFS_CAP_REVISION_MASK;

        magic &= ~(uint32_t)VFS_CAP_REVISION_MASK;
        if (length == SHIFT_CAPS_SIZE && revision == VFS_CAP_REVISION_3)
                root = shift_get(data + plain);
        else if (length != plain || revision != VFS_CAP_REVISION_2)
                return 0;
        before = root;
        if (!idmap_to_outside(uids, before, &root) || root == before)
                return 0;
        shift_put(data, (root ? VFS_CAP_REVISION_3 : VFS_CAP_REVISION_2) | magic);
        if (!root)
                return plain;
        shift_put(data + plain, root);
        return SHIFT_CAPS_SIZE;
}

size_t shift_acl(unsigned char *data, size_t length, const struct idmap *uids,
                 const struct idmap *gids)
{
        static const size_t head = sizeof(struct posix_acl_xattr_header);
        static const size_t each = sizeof(struct posix_acl_xattr_entry);
        static const size_t id_at = offsetof(struct posix_acl_xattr_entry, e_id);
        bool changed = false;

        for (size_t at = head; at + each <= length; at += each) {
                unsigned tag = data[at] | (unsigned)data[at + 1] << 8;
                uint32_t id = shift_get(data + at + id_at);

                if ((tag == ACL_USER && idmap_to_outside(uids, id, &id)) ||
                    (tag == ACL_GROUP && idmap_to_outside(gids, id, &id))) {
                        shift_put(data + at + id_at, id);
                        changed = true;
                }
        }
        return changed ? length : 0;
}

/* By descriptor of O_PATH, so through its name in /proc. */
static int shift_attributes(const struct shift *shift, const char *path, bool acls)
{
        static const char caps[] = XATTR_NAME_CAPS;
        static const char *const names[] = { caps, "system.posix_acl_access",
                                             "system.posix_acl_default" };

        for (size_t i = 0; i < (acls ? sizeof names / sizeof *names : 0); i++) {
                ssize_t length = getxattr(path, names[i], shift->data, SHIFT_ATTRIBUTE_MAX);
                size_t changed;

                if (length <= 0)
                        continue;
                changed = names[i] == caps ? shift_caps(shift->data, (size_t)length, shift->uids)
                                           : shift_acl(shift->data, (size_t)length, shift->uids,
                                                       shift->gids);
                if (changed && setxattr(path, names[i], shift->data, changed, 0) < 0)
                        return -1;
        }
        return 0;
}

/* --- files */

/* A change of the owner takes away file capabilities and the bits setuid and setgid: what is to
 * stay is read before and written behind it. */
static int shift_owner(const struct shift *shift, int fd, const char *self, const struct stat *st)
{
        unsigned char caps[SHIFT_CAPS_SIZE];
        ssize_t length =
                S_ISREG(st->st_mode) ? getxattr(self, XATTR_NAME_CAPS, caps, sizeof caps) : -1;
        uint32_t uid = st->st_uid, gid = st->st_gid;

        idmap_to_outside(shift->uids, st->st_uid, &uid);
        idmap_to_outside(shift->gids, st->st_gid, &gid);
        if (uid == st->st_uid && gid == st->st_gid)
                return 0;
        if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                return -1;
        if (st->st_mode & (S_ISUID | S_ISGID) && !S_ISLNK(st->st_mode) &&
            chmod(self, st->st_mode & 07777) < 0)
                return -1;
        return length > 0 ? setxattr(self, XATTR_NAME_CAPS, caps, (size_t)length, 0) : 0;
}

static int shift_file(const struct shift *shift, int fd, const struct stat *st)
{
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", fd);

        if (shift_owner(shift, fd, self, st) < 0)
                return -1;
        return shift_attributes(shift, self, S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
}

static int shift_entries(const struct shift *shift, int parent, const char *name, int depth,
                         const char *path, struct error *err);

static int shift_entry(const struct shift *shift, int parent, const char *name, int depth,
                       const char *path, struct error *err)
{
        AUTO_FREE char *inner = str_format("%s/%s", path, name);
        AUTO_CLOSE int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", inner);
        if (st.st_dev != shift->device && S_ISDIR(st.st_mode))
                return 0;
        if (shift_file(shift, fd, &st) < 0)
                return error_errno(err, errno, "cannot change the owner of %s", inner);
        return S_ISDIR(st.st_mode) ? shift_entries(shift, parent, name, depth + 1, inner, err) : 0;
}

static int shift_entries(const struct shift *shift, int parent, const char *name, int depth,
                         const char *path, struct error *err)
{
        AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot open %s/", path);
        fd = -1;
        if (depth == SHIFT_DEPTH)
                return error_set(err, ELOOP, "%s: more than %d directories inside each other", path,
                                 SHIFT_DEPTH);
        if (interrupt_check(err) < 0)
                return -1;
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
                    shift_entry(shift, dirfd(dir), entry->d_name, depth, path, err) < 0)
                        return -1;
        return 0;
}

int shift_tree(int root, const struct idmap *uids, const struct idmap *gids, struct error *err)
{
        CLEANUP(shift_free)
        struct shift shift = { .uids = uids, .gids = gids };
        AUTO_CLOSE int fd = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        shift.data = alloc_zero(1, SHIFT_ATTRIBUTE_MAX);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open the root file system");
        shift.device = st.st_dev;
        if (shift_file(&shift, fd, &st) < 0)
                return error_errno(err, errno, "cannot change the owner of the root file system");
        return shift_entries(&shift, root, ".", 0, "", err);
}
