/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sink.h"

#include "../base/io.h"
#include "../base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>

enum {
        SINK_BLOCK = 10240 /* a tar's */
};

struct sink {
        char *name;              /* owned; the path, for messages */
        int directory;           /* owned; of a tar: where it is; -1: a stream */
        struct archive *archive; /* owned; NULL: into the directory */
        int output;              /* borrowed; where the tar goes */
        int failure;             /* errno of the first write of the tar that failed */
        bool discard;            /* nobody wants the rest of the tar */
        int fd;                  /* owned; of the tar, or of the file that is being written */
        char *temporary;         /* owned; its name until it is complete; NULL: it has none */
        bool made;               /* the directory is ours */
        bool finished;

        char *file; /* owned; what is being written */
        uint64_t size, written;
};

static struct sink *sink_new(const char *name)
{
        struct sink *sink = alloc_zero(1, sizeof *sink);

        sink->name = str_dup(name);
        sink->directory = sink->fd = -1;
        return sink;
}

/* --- a directory */

int sink_open_directory(const char *path, struct sink **ret, struct error *err)
{
        AUTO_SINK struct sink *sink = sink_new(path);

        sink->made = access(path, F_OK) < 0;
        if (io_make_dirs(AT_FDCWD, path, 0755, err) < 0)
                return -1;
        sink->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sink->directory < 0)
                return error_errno(err, errno, "cannot open directory %s", path);
        *ret = steal_ptr(&sink);
        return 0;
}

int sink_directory(const struct sink *sink)
{
        return sink->archive ? -1 : sink->directory;
}

bool sink_has(const struct sink *sink, const char *name, uint64_t size)
{
        struct stat st;

        return !sink->archive && fstatat(sink->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISREG(st.st_mode) && (size == UINT64_MAX || (uint64_t)st.st_size == size);
}

/* Open a file beside name, which takes its place later. */
static int sink_open_aside(struct sink *sink, const char *name, struct error *err)
{
        AUTO_FREE char *copy = str_dup(name);
        const char *slash = strrchr(name, '/');

        if (slash && io_make_dirs(sink->directory, dirname(copy), 0755, err) < 0)
                return error_wrap(err, "%s", sink->name);
        free(sink->temporary);
        sink->temporary = str_format("%.*s.%s.%d", slash ? (int)(slash - name) + 1 : 0, name,
                                     slash ? slash + 1 : name, (int)getpid());
        sink->fd = openat(sink->directory, sink->temporary,
                          O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (sink->fd < 0)
                return error_errno(err, errno, "cannot make %s in %s", name, sink->name);
        return 0;
}

/* The file is complete: on disk, then under its name. */
static int sink_rename(struct sink *sink, const char *name, struct error *err)
{
        if (fsync(sink->fd) < 0 ||
            renameat(sink->directory, sink->temporary, sink->directory, name) < 0)
                return error_errno(err, errno, "cannot write %s", sink->name);
        free(sink->temporary);
        sink->temporary = NULL;
        close(steal_fd(&sink->fd));
        return 0;
}

/* --- a tar */

static int sink_archive_failed(struct sink *sink, struct error *err)
{
        if (sink->failure)
                return error_set(err, sink->failure, "cannot write %s: %s", sink->name,
                                 strerror(sink->failure));
        return error_set(err, EIO, "cannot write %s: %s", sink->name,
                         archive_error_string(sink->archive));
}

/* libarchive's write callback. It never fails: from a failure libarchive does not recover, and
 * keeps memory for ever; what went wrong is asked for after each call. */
static la_ssize_t sink_put(struct archive *archive, void *context, const void *data, size_t length)
{
        struct sink *sink = context;

        (void)archive;
        if (!sink->failure && !sink->discard && io_write_all(sink->output, data, length) < 0)
                sink->failure = errno;
        return (la_ssize_t)length;
}

static int sink_start_tar(struct sink *sink, int fd, struct error *err)
{
        sink->archive = archive_write_new();
        if (!sink->archive)
                return error_set(err, ENOMEM, "out of memory");
        archive_write_set_format_pax_restricted(sink->archive);
        archive_write_set_bytes_per_block(sink->archive, SINK_BLOCK);
        archive_write_set_bytes_in_last_block(sink->archive, SINK_BLOCK);
        sink->output = fd;
        if (archive_write_open(sink->archive, sink, NULL, sink_put, NULL) != ARCHIVE_OK)
                return sink_archive_failed(sink, err);
        return 0;
}

int sink_open_stream(int fd, const char *name, struct sink **ret, struct error *err)
{
        AUTO_SINK struct sink *sink = sink_new(name);

        if (sink_start_tar(sink, fd, err) < 0)
                return -1;
        *ret = steal_ptr(&sink);
        return 0;
}

static char *sink_base(const char *path)
{
        const char *slash = strrchr(path, '/');

        return str_dup(slash ? slash + 1 : path);
}

/* What is there and no regular file is written to; else a new file is made. */
static int sink_open_output(struct sink *sink, const char *path, struct error *err)
{
        AUTO_FREE char *copy = str_dup(path);
        AUTO_FREE char *base = sink_base(path);
        struct stat st;
        bool exists = stat(path, &st) == 0;

        if (exists && S_ISDIR(st.st_mode))
                return error_errno(err, EISDIR, "cannot write %s", path);
        if (exists && !S_ISREG(st.st_mode)) {
                sink->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
                return sink->fd < 0 ? error_errno(err, errno, "cannot write %s", path) : 0;
        }
        sink->directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sink->directory < 0)
                return error_errno(err, errno, "cannot make %s", path);
        return sink_open_aside(sink, base, err);
}

int sink_open_tar(const char *path, struct sink **ret, struct error *err)
{
        AUTO_SINK struct sink *sink = sink_new(path);

        if (sink_open_output(sink, path, err) < 0 || sink_start_tar(sink, sink->fd, err) < 0)
                return -1;
        *ret = steal_ptr(&sink);
        return 0;
}

int sink_open_file(const char *path, struct sink **ret, int *ret_fd, struct error *err)
{
        AUTO_SINK struct sink *sink = sink_new(path);

        if (sink_open_output(sink, path, err) < 0)
                return -1;
        *ret_fd = sink->fd;
        *ret = steal_ptr(&sink);
        return 0;
}

static int sink_begin_member(struct sink *sink, const char *name, uint64_t size, struct error *err)
{
        struct archive_entry *entry = archive_entry_new();
        int result;

        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)size);
        archive_entry_set_mtime(entry, 0, 0);
        result = archive_write_header(sink->archive, entry);
        archive_entry_free(entry);
        return result == ARCHIVE_OK && !sink->failure ? 0 : sink_archive_failed(sink, err);
}

/* --- both */

int sink_begin(struct sink *sink, const char *name, uint64_t size, struct error *err)
{
        free(sink->file);
        sink->file = str_dup(name);
        sink->size = size;
        sink->written = 0;
        return sink->archive ? sink_begin_member(sink, name, size, err)
                             : sink_open_aside(sink, name, err);
}

int sink_write(struct sink *sink, const void *data, size_t length, struct error *err)
{
        sink->written += length;
        if (sink->written > sink->size)
                return error_set(err, EBADMSG, "%s is larger than the %llu bytes it should have",
                                 sink->file, (unsigned long long)sink->size);
        if (sink->archive)
                return archive_write_data(sink->archive, data, length) == (la_ssize_t)length &&
                                       !sink->failure
                               ? 0
                               : sink_archive_failed(sink, err);
        if (io_write_all(sink->fd, data, length) < 0)
                return error_errno(err, errno, "cannot write %s in %s", sink->file, sink->name);
        return 0;
}

int sink_end(struct sink *sink, struct error *err)
{
        if (sink->written != sink->size)
                return error_set(err, EBADMSG, "%s has %llu bytes, not %llu", sink->file,
                                 (unsigned long long)sink->written, (unsigned long long)sink->size);
        return sink->archive ? 0 : sink_rename(sink, sink->file, err);
}

int sink_add(struct sink *sink, const char *name, const void *data, size_t length,
             struct error *err)
{
        if (sink_begin(sink, name, length, err) < 0 || sink_write(sink, data, length, err) < 0)
                return -1;
        return sink_end(sink, err);
}

int sink_finish(struct sink *sink, struct error *err)
{
        AUTO_FREE char *base = sink_base(sink->name);

        if (sink->archive && (archive_write_close(sink->archive) != ARCHIVE_OK || sink->failure))
                return sink_archive_failed(sink, err);
        if (sink->temporary && sink_rename(sink, base, err) < 0)
                return -1;
        if (sink->directory >= 0 && fsync(sink->directory) < 0)
                return error_errno(err, errno, "cannot write %s", sink->name);
        sink->finished = true;
        return 0;
}

void sink_close(struct sink **place)
{
        struct sink *sink = *place;

        if (!sink)
                return;
        if (sink->archive) {
                sink->discard = true;
                archive_write_free(sink->archive);
        }
        if (sink->temporary)
                unlinkat(sink->directory, sink->temporary, 0);
        cleanup_close(&sink->fd);
        if (!sink->archive && sink->made && !sink->finished)
                io_remove_tree(AT_FDCWD, sink->name, NULL);
        cleanup_close(&sink->directory);
        free(sink->temporary);
        free(sink->file);
        free(sink->name);
        free(sink);
        *place = NULL;
}
