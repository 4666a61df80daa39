/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recode.h"

#include "../base/io.h"
#include "../base/str.h"
#include "digest.h"
#include "stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

/* What comes out, on its way to the file. */
struct recode_output {
        struct recode result;
        struct digest digest;
        struct archive *archive; /* owned; the compressor, or NULL */
        int failure;             /* errno of the first write that failed */
};

void recode_free(struct recode *recode)
{
        cleanup_close(&recode->fd);
        free(recode->digest);
        *recode = (struct recode){ .fd = -1 };
}

static void recode_output_free(struct recode_output *output)
{
        if (output->archive)
                archive_write_free(output->archive);
        recode_free(&output->result);
}

static int recode_open_temporary(int *ret_fd, struct error *err)
{
        const char *directory = getenv("TMPDIR");
        int fd;

        if (str_empty(directory))
                directory = "/var/tmp";
        fd = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
        if (fd < 0)
                return error_errno(err, errno, "cannot make a temporary file in %s", directory);
        *ret_fd = fd;
        return 0;
}

/* libarchive's write callback, and what is used without it. It never fails: from a failure
 * libarchive does not recover, and keeps memory for ever; it is asked for after each call. */
static la_ssize_t recode_put(struct archive *archive, void *context, const void *data,
                             size_t length)
{
        struct recode_output *output = context;

        (void)archive;
        digest_update(&output->digest, data, length);
        output->result.size += length;
        if (!output->failure && io_write_all(output->result.fd, data, length) < 0)
                output->failure = errno;
        return (la_ssize_t)length;
}

/* Without a time in its header gzip gives the same each time. */
static int recode_start_gzip(struct recode_output *output, struct error *err)
{
        struct archive_entry *entry = archive_entry_new();
        bool started;

        output->archive = archive_write_new();
        archive_entry_set_filetype(entry, AE_IFREG);
        started =
                output->archive && archive_write_set_format_raw(output->archive) == ARCHIVE_OK &&
                archive_write_add_filter_gzip(output->archive) == ARCHIVE_OK &&
                archive_write_set_filter_option(output->archive, "gzip", "timestamp", NULL) ==
                        ARCHIVE_OK &&
                archive_write_set_bytes_per_block(output->archive, 0) == ARCHIVE_OK &&
                archive_write_open(output->archive, output, NULL, recode_put, NULL) == ARCHIVE_OK &&
                archive_write_header(output->archive, entry) == ARCHIVE_OK;
        archive_entry_free(entry);
        return started ? 0 : error_set(err, ENOSYS, "libarchive cannot compress with gzip");
}

static int recode_copy(struct recode_output *output, struct stream *stream, const char *name,
                       struct error *err)
{
        const void *data;
        size_t length;
        int some;

        while ((some = stream_next(stream, &data, &length, err)) > 0) {
                la_ssize_t done = output->archive
                                          ? archive_write_data(output->archive, data, length)
                                          : recode_put(NULL, output, data, length);

                if (done != (la_ssize_t)length || output->failure)
                        return error_errno(err, output->failure ? output->failure : EIO,
                                           "cannot write %s", name);
        }
        if (some < 0)
                return -1;
        if (output->archive &&
            (archive_write_close(output->archive) != ARCHIVE_OK || output->failure))
                return error_errno(err, output->failure ? output->failure : EIO, "cannot write %s",
                                   name);
        return 0;
}

int recode_blob(int fd, const char *name, const char *diff_id, bool gzip,
                const volatile sig_atomic_t *cancel, struct recode *ret, struct error *err)
{
        CLEANUP(recode_output_free) struct recode_output output = { .result = { .fd = -1 } };
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_FREE char *blob = NULL;
        AUTO_FREE char *found = NULL;
        struct stream_source source = { .fd = fd,
                                        .positioned = true,
                                        .size = STREAM_UNKNOWN_SIZE,
                                        .copy = -1,
                                        .no_digest = true,
                                        .cancel = cancel,
                                        .name = name };
        uint64_t size;

        digest_begin(&output.digest);
        if (recode_open_temporary(&output.result.fd, err) < 0 ||
            stream_open(&source, &stream, err) < 0 ||
            (gzip && recode_start_gzip(&output, err) < 0) ||
            recode_copy(&output, stream, name, err) < 0 ||
            stream_finish(stream, &blob, &found, &size, err) < 0)
                return -1;
        if (!str_equal(found, diff_id))
                return error_set(err, EBADMSG,
                                 "%s is damaged in the store: unpacked it is %s, not %s; see "
                                 "`crunit image check`",
                                 name, found, diff_id);
        output.result.digest = digest_end(&output.digest);
        *ret = output.result;
        output.result = (struct recode){ .fd = -1 };
        return 0;
}
