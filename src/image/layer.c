/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layer.h"

#include "../base/io.h"
#include "acl.h"
#include "tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>

#define LAYER_PREFIX ".wh."
#define LAYER_OPAQUE ".wh..wh..opq"
#define LAYER_AUFS   ".wh..wh."

/* An unpacking under way. */
struct layer {
        struct stream *stream;   /* borrowed */
        bool plain;              /* a tar like any other: no name has a meaning of its own */
        struct archive *archive; /* owned */
        int top;                 /* borrowed */
        struct tree *tree;       /* owned */
        struct error reason;     /* of a failure below libarchive */
        struct layer_result result;
        struct tree_xattr xattrs[LAYER_MAX_XATTRS + 2];
        struct acl_blob access, defaults;
};

void layer_result_free(struct layer_result *result)
{
        strv_free(&result->implied);
        *result = (struct layer_result){ 0 };
}

static void layer_free(struct layer *layer)
{
        if (layer->archive)
                archive_read_free(layer->archive);
        tree_free(&layer->tree);
        error_clear(&layer->reason);
        layer_result_free(&layer->result);
        acl_free(&layer->access);
        acl_free(&layer->defaults);
}

/* libarchive's read callback. */
static la_ssize_t layer_feed(struct archive *archive, void *context, const void **ret_data)
{
        struct layer *layer = context;
        size_t length = 0;
        int result = stream_next(layer->stream, ret_data, &length, &layer->reason);

        if (result < 0)
                archive_set_error(archive, EIO, "%s", layer->reason.message);
        return result < 0 ? -1 : result > 0 ? (la_ssize_t)length : 0;
}

static int layer_archive_failed(struct layer *layer, struct error *err)
{
        const char *why = archive_error_string(layer->archive);

        if (layer->reason.message)
                return error_set(err, layer->reason.code, "%s", layer->reason.message);
        return error_set(err, EBADMSG, "not a sound tar archive: %s", why ? why : "it is damaged");
}

static int layer_start(struct layer *layer, struct error *err)
{
        layer->archive = archive_read_new();
        if (!layer->archive)
                return error_set(err, ENOMEM, "out of memory");
        archive_read_support_format_tar(layer->archive);
        archive_read_support_format_empty(layer->archive);
        if (archive_read_open(layer->archive, layer, NULL, layer_feed, NULL) != ARCHIVE_OK)
                return layer_archive_failed(layer, err);
        return 0;
}

/* --- an entry's meta data */

static bool layer_wants_xattr(const char *name)
{
        static const char *const unwanted[] = { "trusted.overlay.", "user.overlay.",
                                                "security.selinux", "system.posix_acl_" };

        for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
                if (str_has_prefix(name, unwanted[i]))
                        return false;
        return str_has_prefix(name, "user.") || str_has_prefix(name, "trusted.") ||
               str_has_prefix(name, "security.");
}

static void layer_add_xattr(struct layer *layer, struct tree_meta *meta, const char *name,
                            const void *value, size_t length)
{
        layer->xattrs[meta->xattr_count++] =
                (struct tree_xattr){ .name = name, .value = value, .length = length };
}

/* ACLs first, security.capability last: setting an ACL must not come behind it. */
static int layer_read_xattrs(struct layer *layer, struct archive_entry *entry,
                             struct tree_meta *meta, struct error *err)
{
        struct tree_xattr capability = { 0 };
        const char *name;
        const void *value;
        size_t length;

        if (archive_entry_xattr_count(entry) > LAYER_MAX_XATTRS)
                return error_set(err, EFBIG, "has more than %d extended attributes",
                                 LAYER_MAX_XATTRS);
        if (acl_read(entry, ACL_ACCESS, &layer->access, err) < 0 ||
            acl_read(entry, ACL_DEFAULT, &layer->defaults, err) < 0)
                return -1;
        if (layer->access.length)
                layer_add_xattr(layer, meta, "system.posix_acl_access", layer->access.data,
                                layer->access.length);
        if (layer->defaults.length && S_ISDIR(meta->mode))
                layer_add_xattr(layer, meta, "system.posix_acl_default", layer->defaults.data,
                                layer->defaults.length);
        archive_entry_xattr_reset(entry);
        while (archive_entry_xattr_next(entry, &name, &value, &length) == ARCHIVE_OK) {
                if (str_equal(name, "security.capability"))
                        capability = (struct tree_xattr){ name, value, length };
                else if (layer_wants_xattr(name))
                        layer_add_xattr(layer, meta, name, value, length);
        }
        if (capability.name)
                layer->xattrs[meta->xattr_count++] = capability;
        meta->xattrs = layer->xattrs;
        return 0;
}

static int layer_read_meta(struct layer *layer, struct archive_entry *entry, struct tree_meta *ret,
                           struct error *err)
{
        struct tree_meta meta = {
                .mode = archive_entry_filetype(entry) | (archive_entry_perm(entry) & 07777),
                .mtime = { .tv_sec = archive_entry_mtime(entry),
                           .tv_nsec = archive_entry_mtime_nsec(entry) },
        };
        la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

        if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
                return error_set(err, EINVAL, "owner %lld:%lld is not possible", (long long)uid,
                                 (long long)gid);
        meta.uid = (uid_t)uid;
        meta.gid = (gid_t)gid;
        if (S_ISCHR(meta.mode) || S_ISBLK(meta.mode))
                meta.device = archive_entry_rdev(entry);
        if (meta.mtime.tv_nsec < 0 || meta.mtime.tv_nsec > 999999999)
                meta.mtime.tv_nsec = 0;
        if (meta.mtime.tv_sec > layer->result.newest.tv_sec)
                layer->result.newest = meta.mtime;
        if (layer_read_xattrs(layer, entry, &meta, err) < 0)
                return -1;
        *ret = meta;
        return 0;
}

/* --- an entry's content */

static int layer_write_block(int fd, const void *data, size_t length, la_int64_t offset)
{
        const char *at = data;

        while (length) {
                ssize_t n = pwrite(fd, at, length, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                at += n;
                offset += n;
                length -= (size_t)n;
        }
        return 0;
}

static int layer_write_data(struct layer *layer, int fd, const char *path, la_int64_t size,
                            struct error *err)
{
        la_int64_t end = 0;

        for (;;) {
                const void *data;
                size_t length;
                la_int64_t offset;
                int result = archive_read_data_block(layer->archive, &data, &length, &offset);

                if (result == ARCHIVE_EOF)
                        break;
                if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
                        return layer_archive_failed(layer, err);
                if (length && layer_write_block(fd, data, length, offset) < 0)
                        return error_errno(err, errno, "cannot write %s", path);
                end = offset + (la_int64_t)length;
        }
        /* A hole at the end. */
        if (end < size && ftruncate(fd, size) < 0)
                return error_errno(err, errno, "cannot write %s", path);
        return 0;
}

static int layer_add_file(struct layer *layer, struct archive_entry *entry, const char *path,
                          const struct tree_meta *meta, struct error *err)
{
        la_int64_t size = archive_entry_size(entry);
        AUTO_CLOSE int fd = -1;

        /* Holes cost the archive nothing, and whoever copies such a file all of it. */
        if (size < 0 || (uint64_t)size > STREAM_MAX_BYTES)
                return error_set(err, EFBIG, "%s is larger than %llu bytes", path,
                                 (unsigned long long)STREAM_MAX_BYTES);
        if (tree_open_file(layer->tree, path, meta, &fd, err) < 0)
                return -1;
        if (size && layer_write_data(layer, fd, path, size, err) < 0)
                return -1;
        return tree_finish_file(layer->tree, fd, path, meta, err);
}

/* --- entries */

/* Is the last component, or a directory on the way, one of the names layers use for themselves?
 * Returns 1 where the entry was dealt with. */
static int layer_add_whiteout(struct layer *layer, const char *path, struct error *err)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        AUTO_FREE char *directory = NULL;
        AUTO_FREE char *hidden = NULL;

        if (!strstr(path, LAYER_PREFIX)) /* as nearly all */
                return 0;
        directory = slash ? str_dupn(path, (size_t)(slash - path)) : str_dup("");
        if (str_equal(name, LAYER_OPAQUE))
                return tree_add_opaque(layer->tree, directory, err) < 0 ? -1 : 1;
        /* aufs kept hard links and the like under such names; they mean nothing elsewhere. */
        if (str_has_prefix(path, LAYER_AUFS) || strstr(path, "/" LAYER_AUFS))
                return 1;
        if (!str_has_prefix(name, LAYER_PREFIX))
                return 0;
        name += strlen(LAYER_PREFIX);
        if (!*name || str_equal(name, ".") || str_equal(name, ".."))
                return error_set(err, EINVAL, "%s hides no possible name", path);
        hidden = str_format("%s%s%s", directory, *directory ? "/" : "", name);
        return tree_add_whiteout(layer->tree, hidden, err) < 0 ? -1 : 1;
}

static int layer_add_hardlink(struct layer *layer, struct archive_entry *entry, const char *path,
                              struct error *err)
{
        AUTO_FREE char *target = NULL;

        if (tree_clean_path(archive_entry_hardlink(entry), &target, err) < 0)
                return error_wrap(err, "hard link %s", path);
        return tree_add_hardlink(layer->tree, path, target, err);
}

static int layer_add_typed(struct layer *layer, struct archive_entry *entry, const char *path,
                           struct error *err)
{
        struct tree_meta meta;
        const char *target;

        if (layer_read_meta(layer, entry, &meta, err) < 0)
                return error_wrap(err, "%s", path);
        switch (meta.mode & S_IFMT) {
        case S_IFREG:
                return layer_add_file(layer, entry, path, &meta, err);
        case S_IFDIR:
                return tree_add_directory(layer->tree, path, &meta, err);
        case S_IFLNK:
                target = archive_entry_symlink(entry);
                if (str_empty(target))
                        return error_set(err, EINVAL, "symbolic link %s has no target", path);
                return tree_add_symlink(layer->tree, path, target, &meta, err);
        case S_IFCHR:
        case S_IFBLK:
        case S_IFIFO:
        case S_IFSOCK:
                return tree_add_node(layer->tree, path, &meta, err);
        default:
                return error_set(err, EINVAL, "%s is of a type that tar does not have", path);
        }
}

static int layer_add_entry(struct layer *layer, struct archive_entry *entry, struct error *err)
{
        const char *name = archive_entry_pathname(entry);
        AUTO_FREE char *path = NULL;
        int done;

        if (!name)
                return error_set(err, EBADMSG, "entry %llu has no name",
                                 (unsigned long long)layer->result.entries);
        if (++layer->result.entries > LAYER_MAX_ENTRIES)
                return error_set(err, EFBIG, "more than %d entries", LAYER_MAX_ENTRIES);
        if (tree_clean_path(name, &path, err) < 0)
                return -1;
        if (!*path && archive_entry_filetype(entry) != AE_IFDIR)
                return error_set(err, EINVAL, "its top ('%s') is no directory", name);
        done = layer->plain ? 0 : layer_add_whiteout(layer, path, err);
        if (done)
                return done < 0 ? -1 : 0;
        if (archive_entry_hardlink(entry))
                return layer_add_hardlink(layer, entry, path, err);
        return layer_add_typed(layer, entry, path, err);
}

/* A directory without an entry has no time either. One that something replaced is none any more. */
static int layer_finish_implied(struct layer *layer, struct error *err)
{
        const struct timespec times[] = { layer->result.newest, layer->result.newest };
        AUTO_STRV struct strv list = { 0 };

        tree_list_implied(layer->tree, &list);
        for (size_t i = 0; i < list.count; i++) {
                AUTO_CLOSE int fd =
                        io_open_beneath(layer->top, list.items[i], O_RDONLY | O_DIRECTORY, 0);

                if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
                        continue;
                if (fd < 0 || futimens(fd, times) < 0)
                        return error_errno(err, errno, "cannot set the time of %s", list.items[i]);
                strv_append(&layer->result.implied, list.items[i]);
        }
        return 0;
}

/* ARCHIVE_WARN is about names that are not in the locale's character set: the bytes are right. */
static int layer_run(struct layer *layer, struct error *err)
{
        struct archive_entry *entry;
        int result;

        while ((result = archive_read_next_header(layer->archive, &entry)) != ARCHIVE_EOF) {
                if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
                        return layer_archive_failed(layer, err);
                if (layer_add_entry(layer, entry, err) < 0)
                        return -1;
        }
        if (tree_finish(layer->tree, err) < 0)
                return -1;
        return layer->plain ? 0 : layer_finish_implied(layer, err);
}

static int layer_read(struct layer *layer, const char *name, int top, struct error *err)
{
        umask(0);
        layer->top = top;
        layer->tree = tree_new(top);
        if (layer_start(layer, err) < 0 || layer_run(layer, err) < 0)
                return layer->reason.message ? -1
                                             : error_wrap(err, "%s", name); /* names it itself */
        return 0;
}

int layer_unpack(struct stream *stream, const char *name, int top, struct layer_result *ret,
                 struct error *err)
{
        CLEANUP(layer_free) struct layer layer = { .stream = stream };

        if (layer_read(&layer, name, top, err) < 0)
                return -1;
        *ret = layer.result;
        layer.result = (struct layer_result){ 0 };
        return 0;
}

int layer_unpack_plain(struct stream *stream, const char *name, int top, struct error *err)
{
        CLEANUP(layer_free) struct layer layer = { .stream = stream, .plain = true };

        return layer_read(&layer, name, top, err);
}
