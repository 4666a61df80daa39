/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cp-tar.h"

#include "../base/io.h"
#include "../base/str.h"
#include "../image/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>

enum {
        CP_BLOCK = 64 * 1024,
        CP_DEPTH = 200
};

static int cp_archive_error(struct archive *archive, struct error *err)
{
        const char *why = archive_error_string(archive);

        return error_set(err, archive_errno(archive), "the archive: %s", why ? why : "unreadable");
}

/* --- reading */

static void cp_read_free(struct archive **archive)
{
        archive_read_free(*archive);
}

/* The directory that path's last component goes into, made where it is missing, and that component;
 * path is changed. */
static int cp_open_parent(int directory, char *path, const char **ret_name, struct error *err)
{
        char *slash = strrchr(path, '/');
        int fd;

        *ret_name = slash ? slash + 1 : path;
        if (!slash)
                return openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        *slash = '\0';
        fd = io_open_beneath(directory, path, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0 && errno == ENOENT) {
                const char *inner;
                AUTO_FREE char *copy = str_dup(path);
                AUTO_CLOSE int parent = cp_open_parent(directory, copy, &inner, err);

                if (parent < 0)
                        return -1;
                if (mkdirat(parent, inner, 0755) < 0 && errno != EEXIST)
                        return error_errno(err, errno, "cannot make %s", path);
                fd = io_open_beneath(directory, path, O_RDONLY | O_DIRECTORY, 0);
        }
        return fd >= 0 ? fd : error_errno(err, errno, "cannot open %s", path);
}

static int cp_read_data(struct archive *archive, int fd, const char *name, struct error *err)
{
        for (;;) {
                const void *data;
                size_t length;
                la_int64_t offset;
                int result = archive_read_data_block(archive, &data, &length, &offset);

                if (result == ARCHIVE_EOF)
                        return 0;
                if (result != ARCHIVE_OK)
                        return cp_archive_error(archive, err);
                if (lseek(fd, offset, SEEK_SET) < 0 || io_write_all(fd, data, length) < 0)
                        return error_errno(err, errno, "cannot write %s", name);
        }
}

/* A descriptor of what was made, as from cp_read_kind(). */
static int cp_read_file(struct archive *archive, int parent, const char *name, int64_t size,
                        struct error *err)
{
        AUTO_CLOSE int fd = tree_copy_open_file(parent, name, err);

        if (fd < 0 || cp_read_data(archive, fd, name, err) < 0)
                return -1;
        if (ftruncate(fd, size) < 0)
                return error_errno(err, errno, "cannot write %s", name);
        return steal_fd(&fd);
}

static int cp_read_link(int directory, int parent, const char *name, const char *target,
                        struct error *err)
{
        AUTO_FREE char *clean = NULL;
        AUTO_CLOSE int from = -1;
        const char *last;

        if (tree_clean_path(target, &clean, err) < 0)
                return -1;
        from = cp_open_parent(directory, clean, &last, err);
        if (from < 0)
                return -1;
        return linkat(from, last, parent, name, 0) < 0
                       ? error_errno(err, errno, "cannot link %s to %s", name, target)
                       : 0;
}

static int cp_read_kind(struct archive *archive, struct archive_entry *entry, int parent,
                        const char *name, struct error *err)
{
        mode_t type = archive_entry_filetype(entry);
        int result = 0;

        if (S_ISREG(type))
                return cp_read_file(archive, parent, name, archive_entry_size(entry), err);
        if (S_ISDIR(type))
                result = mkdirat(parent, name, 0700) < 0 && errno != EEXIST ? -1 : 0;
        else if (S_ISLNK(type))
                result = symlinkat(archive_entry_symlink(entry), parent, name);
        else
                result = mknodat(parent, name, type | 0600, archive_entry_rdev(entry));
        if (result < 0)
                return error_errno(err, errno, "cannot make %s", name);
        return tree_copy_open_made(parent, name, type, err);
}

static int cp_read_entry(const struct tree_copy *copy, struct archive *archive,
                         struct archive_entry *entry, int directory, struct error *err)
{
        const char *path = archive_entry_pathname(entry), *link = archive_entry_hardlink(entry);
        const struct stat *st = archive_entry_stat(entry);
        AUTO_FREE char *clean = NULL;
        AUTO_CLOSE int parent = -1, made = -1;
        const char *name;

        if (!path)
                return error_set(err, EILSEQ, "the archive has a name that cannot be read");
        if (tree_clean_path(path, &clean, err) < 0)
                return -1;
        if (!*clean)
                return 0;
        parent = cp_open_parent(directory, clean, &name, err);
        if (parent < 0 || tree_copy_make_room(parent, name, link ? S_IFREG : st->st_mode, err) < 0)
                return -1;
        if (link)
                return cp_read_link(directory, parent, name, link, err);
        made = cp_read_kind(archive, entry, parent, name, err);
        return made < 0 ? -1 : tree_copy_attributes(copy, made, name, st, err);
}

int cp_tar_read(const struct tree_copy *copy, int fd, int directory, struct error *err)
{
        CLEANUP(cp_read_free) struct archive *archive = archive_read_new();
        struct archive_entry *entry;
        int result;

        archive_read_support_filter_all(archive);
        archive_read_support_format_tar(archive);
        if (archive_read_open_fd(archive, fd, CP_BLOCK) != ARCHIVE_OK)
                return cp_archive_error(archive, err);
        while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
               result == ARCHIVE_WARN)
                if (cp_read_entry(copy, archive, entry, directory, err) < 0)
                        return -1;
        return result == ARCHIVE_EOF ? 0 : cp_archive_error(archive, err);
}

/* --- writing */

static void cp_write_free(struct archive **archive)
{
        archive_write_free(*archive);
}

static int cp_write_data(struct archive *archive, int from, const char *path, struct error *err)
{
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", from);
        AUTO_CLOSE int fd = open(self, O_RDONLY | O_CLOEXEC);
        AUTO_FREE char *buffer = alloc_zero(1, CP_BLOCK);
        ssize_t n;

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        while ((n = read(fd, buffer, CP_BLOCK)) > 0)
                if (archive_write_data(archive, buffer, (size_t)n) < 0)
                        return cp_archive_error(archive, err);
        return n < 0 ? error_errno(err, errno, "cannot read %s", path) : 0;
}

static int cp_write_header(struct archive *archive, int from, const char *path,
                           const struct stat *st, struct error *err)
{
        struct archive_entry *entry = archive_entry_new();
        char link[PATH_MAX];
        ssize_t length = 0;
        int result;

        archive_entry_copy_stat(entry, st);
        archive_entry_set_pathname(entry, path);
        if (!S_ISREG(st->st_mode))
                archive_entry_set_size(entry, 0);
        if (S_ISLNK(st->st_mode)) {
                length = readlinkat(from, "", link, sizeof link - 1);
                link[length > 0 ? length : 0] = '\0';
                archive_entry_set_symlink(entry, link);
        }
        result = archive_write_header(archive, entry);
        archive_entry_free(entry);
        return result == ARCHIVE_OK || result == ARCHIVE_WARN ? 0 : cp_archive_error(archive, err);
}

static int cp_write_at(struct archive *archive, int from, const char *path, int depth,
                       struct error *err);

static int cp_write_entries(struct archive *archive, int from, const char *path, int depth,
                            struct error *err)
{
        AUTO_CLOSE int listed = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = listed >= 0 ? fdopendir(listed) : NULL;
        struct dirent *entry;

        if (!dir || depth > CP_DEPTH)
                return error_errno(err, dir ? ELOOP : errno, "cannot read %s", path);
        listed = -1;
        while ((entry = readdir(dir))) {
                AUTO_FREE char *inner = str_format("%s%s%s", path, *path ? "/" : "", entry->d_name);
                AUTO_CLOSE int fd = -1;

                if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
                        continue;
                fd = openat(dirfd(dir), entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0 && errno != ENOENT)
                        return error_errno(err, errno, "cannot open %s", inner);
                if (fd >= 0 && cp_write_at(archive, fd, inner, depth, err) < 0)
                        return -1;
        }
        return 0;
}

static int cp_write_at(struct archive *archive, int from, const char *path, int depth,
                       struct error *err)
{
        struct stat st;

        if (fstat(from, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", path);
        if (S_ISSOCK(st.st_mode))
                return 0; /* tar knows none */
        if (cp_write_header(archive, from, path, &st, err) < 0)
                return -1;
        if (S_ISREG(st.st_mode))
                return cp_write_data(archive, from, path, err);
        return S_ISDIR(st.st_mode) ? cp_write_entries(archive, from, path, depth + 1, err) : 0;
}

int cp_tar_write(int from, const char *name, bool content, int fd, struct error *err)
{
        CLEANUP(cp_write_free) struct archive *archive = archive_write_new();
        int result;

        archive_write_set_format_pax_restricted(archive);
        if (archive_write_open_fd(archive, fd) != ARCHIVE_OK)
                return cp_archive_error(archive, err);
        result = content ? cp_write_entries(archive, from, "", 0, err)
                         : cp_write_at(archive, from, name, 0, err);
        if (result < 0)
                return -1;
        return archive_write_close(archive) == ARCHIVE_OK ? 0 : cp_archive_error(archive, err);
}
