/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "flatten.h"

#include "../base/io.h"
#include "../base/json.h"
#include "digest.h"
#include "union.h"
#include "xattrs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>

enum {
        FLATTEN_BUFFER = 256 << 10,
        FLATTEN_BLOCK = 64 << 10
};

struct flatten {
        const struct flatten_options *options; /* borrowed */
        struct archive *archive;               /* owned */
        const char *name;                      /* borrowed */
        int fd;                                /* borrowed */
        int failure;                           /* errno of the first write that failed */
        bool discard;                          /* nobody wants the rest */
        struct digest digest;
        struct json_object *links; /* owned; "LAYER:INODE" → the first path */
        char *buffer;              /* owned */
};

static void flatten_end(struct flatten *flatten)
{
        if (flatten->archive) {
                flatten->discard = true;
                archive_write_free(flatten->archive);
        }
        json_object_put(flatten->links);
        free(flatten->buffer);
}

static const struct flatten_filter {
        const char *ending, *name;
        int (*add)(struct archive *archive);
} flatten_filters[] = {
        { ".gz", "gzip", archive_write_add_filter_gzip },
        { ".tgz", "gzip", archive_write_add_filter_gzip },
        { ".zst", "zstd", archive_write_add_filter_zstd },
        { ".tzst", "zstd", archive_write_add_filter_zstd },
        { ".xz", "xz", archive_write_add_filter_xz },
        { ".txz", "xz", archive_write_add_filter_xz },
};

const char *flatten_compression(const char *path)
{
        for (size_t i = 0; i < sizeof flatten_filters / sizeof *flatten_filters; i++)
                if (str_has_suffix(path, flatten_filters[i].ending))
                        return flatten_filters[i].name;
        return NULL;
}

static int flatten_failed(struct flatten *flatten, const char *what, struct error *err)
{
        if (flatten->failure)
                return error_set(err, flatten->failure, "cannot write %s: %s", flatten->name,
                                 strerror(flatten->failure));
        return error_set(err, EIO, "cannot write %s to %s: %s", what, flatten->name,
                         archive_error_string(flatten->archive));
}

/* libarchive's write callback. It never fails: from a failure libarchive does not recover, and
 * keeps memory for ever; what went wrong is asked for after each call. */
static la_ssize_t flatten_put(struct archive *archive, void *context, const void *data,
                              size_t length)
{
        struct flatten *flatten = context;

        (void)archive;
        if (flatten->failure || flatten->discard)
                return (la_ssize_t)length;
        digest_update(&flatten->digest, data, length);
        if (io_write_all(flatten->fd, data, length) < 0)
                flatten->failure = errno;
        return (la_ssize_t)length;
}

static int flatten_start(struct flatten *flatten, struct error *err)
{
        struct archive *archive = flatten->archive = archive_write_new();
        int result = ARCHIVE_OK;

        if (!archive)
                return error_set(err, ENOMEM, "out of memory");
        archive_write_set_format_pax(archive);
        archive_write_set_bytes_per_block(archive, FLATTEN_BLOCK);
        archive_write_set_bytes_in_last_block(archive, 1);
        for (size_t i = 0; i < sizeof flatten_filters / sizeof *flatten_filters; i++)
                if (str_equal(flatten_filters[i].name, flatten->options->compression)) {
                        result = flatten_filters[i].add(archive);
                        break;
                }
        /* Without a time in its header gzip gives the same each time. */
        archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
        if (result != ARCHIVE_OK ||
            archive_write_open(archive, flatten, NULL, flatten_put, NULL) != ARCHIVE_OK)
                return flatten_failed(flatten, "the beginning", err);
        return 0;
}

/* --- entries */

/* An xattrs_function. */
static int flatten_add_xattr(void *entry, const char *name, const void *value, size_t size,
                             struct error *err)
{
        (void)err;
        if (!xattrs_is_overlay(name))
                archive_entry_xattr_add_entry(entry, name, value, size);
        return 0;
}

static int flatten_add_xattrs(struct archive_entry *entry, const struct union_entry *from,
                              struct error *err)
{
        if (S_ISLNK(from->st.st_mode))
                return 0;
        return xattrs_each(from->fd, from->path, flatten_add_xattr, entry, err);
}

static void flatten_set_stat(struct archive_entry *entry, const struct union_entry *from)
{
        AUTO_FREE char *name = S_ISDIR(from->st.st_mode)
                                       ? str_concat(*from->path ? from->path : ".", "/")
                                       : str_dup(from->path);

        archive_entry_set_pathname(entry, name);
        archive_entry_set_mode(entry, from->st.st_mode);
        archive_entry_set_uid(entry, from->st.st_uid);
        archive_entry_set_gid(entry, from->st.st_gid);
        archive_entry_set_mtime(entry, from->st.st_mtim.tv_sec, from->st.st_mtim.tv_nsec);
        archive_entry_set_size(entry, S_ISREG(from->st.st_mode) ? from->st.st_size : 0);
        if (S_ISCHR(from->st.st_mode) || S_ISBLK(from->st.st_mode))
                archive_entry_set_rdev(entry, from->st.st_rdev);
}

/* A second name of a file becomes a link to the first. */
static bool flatten_set_link(struct flatten *flatten, struct archive_entry *entry,
                             const struct union_entry *from)
{
        AUTO_FREE char *key = NULL;
        struct json_object *first = NULL;

        if (S_ISDIR(from->st.st_mode) || from->st.st_nlink < 2)
                return false;
        key = str_format("%zu:%llu", from->layer, (unsigned long long)from->st.st_ino);
        if (json_object_object_get_ex(flatten->links, key, &first)) {
                archive_entry_set_hardlink(entry, json_object_get_string(first));
                archive_entry_set_size(entry, 0);
                return true;
        }
        json_object_object_add(flatten->links, key, json_object_new_string(from->path));
        return false;
}

static int flatten_set_symlink(struct archive_entry *entry, const struct union_entry *from,
                               struct error *err)
{
        char target[PATH_MAX];
        ssize_t length = readlinkat(from->fd, "", target, sizeof target - 1);

        if (length < 0)
                return error_errno(err, errno, "cannot read link %s", from->path);
        target[length] = '\0';
        archive_entry_set_symlink(entry, target);
        return 0;
}

static int flatten_copy(struct flatten *flatten, const struct union_entry *from, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/self/fd/%d", from->fd);
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        off_t done = 0;

        while (fd >= 0 && done < from->st.st_size) {
                ssize_t n = read(fd, flatten->buffer, FLATTEN_BUFFER);

                if (flatten->options->cancel && *flatten->options->cancel)
                        return error_set(err, EINTR, "interrupted");
                if (n <= 0)
                        return error_errno(err, n < 0 ? errno : EIO, "cannot read %s", from->path);
                if (archive_write_data(flatten->archive, flatten->buffer, (size_t)n) != n ||
                    flatten->failure)
                        return flatten_failed(flatten, from->path, err);
                done += n;
        }
        return fd < 0 ? error_errno(err, errno, "cannot open %s", from->path) : 0;
}

static int flatten_fill(struct flatten *flatten, struct archive_entry *entry,
                        const struct union_entry *from, struct error *err)
{
        bool again;

        flatten_set_stat(entry, from);
        again = flatten_set_link(flatten, entry, from);
        if (!again && ((S_ISLNK(from->st.st_mode) && flatten_set_symlink(entry, from, err) < 0) ||
                       flatten_add_xattrs(entry, from, err) < 0))
                return -1;
        if (archive_write_header(flatten->archive, entry) != ARCHIVE_OK || flatten->failure)
                return flatten_failed(flatten, from->path, err);
        return !again && S_ISREG(from->st.st_mode) ? flatten_copy(flatten, from, err) : 0;
}

/* A union_function. */
static int flatten_entry(void *context, const struct union_entry *from, struct error *err)
{
        struct archive_entry *entry;
        int result;

        if (S_ISSOCK(from->st.st_mode))
                return 0;
        entry = archive_entry_new();
        result = flatten_fill(context, entry, from, err);
        archive_entry_free(entry);
        return result;
}

/* --- all */

static int flatten_run(struct flatten *flatten, const int *layers, size_t count, char **ret_digest,
                       struct error *err)
{
        if (flatten_start(flatten, err) < 0 ||
            union_walk(layers, count, flatten_entry, flatten, err) < 0)
                return -1;
        if (archive_write_close(flatten->archive) != ARCHIVE_OK || flatten->failure)
                return flatten_failed(flatten, "the end", err);
        if (ret_digest)
                *ret_digest = digest_end(&flatten->digest);
        return 0;
}

int flatten_layers(const struct strv *directories, const struct flatten_options *options, int fd,
                   const char *name, char **ret_digest, struct error *err)
{
        CLEANUP(flatten_end)
        struct flatten flatten = { .options = options,
                                   .name = name,
                                   .fd = fd,
                                   .links = json_object_new_object(),
                                   .buffer = alloc_zero(FLATTEN_BUFFER, 1) };
        AUTO_FREE int *layers = alloc_zero(directories->count, sizeof *layers);
        size_t opened = 0;
        int result = 0;

        digest_begin(&flatten.digest);
        for (; result == 0 && opened < directories->count; opened++) {
                layers[opened] =
                        open(directories->items[opened], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (layers[opened] < 0)
                        result = error_errno(err, errno, "cannot open layer %s",
                                             directories->items[opened]);
        }
        if (result == 0)
                result = flatten_run(&flatten, layers, opened, ret_digest, err);
        while (opened-- > 0)
                cleanup_close(layers + opened);
        return result;
}
