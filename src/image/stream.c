/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream.h"

#include "../base/io.h"
#include "../base/str.h"
#include "ahead.h"
#include "digest.h"
#include "growth.h"
#include "gunzip.h"
#include "writeback.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
        STREAM_BUFFER = 64 << 10,
        STREAM_WRITEBACK = 8 << 20
};

/* How compressed data begins. libarchive is asked for one filter only: with all of them it would
 * run other programs for some. */
static const struct stream_format {
        const char *magic;
        size_t length;
        const char *name;
        const char *suffix; /* of the media type; NULL: OCI has none */
        int (*support)(struct archive *);
} stream_formats[] = {
        { "\x1f\x8b", 2, "gzip", "+gzip", archive_read_support_filter_gzip },
        { "\x28\xb5\x2f\xfd", 4, "zstd", "+zstd", archive_read_support_filter_zstd },
        { "\xfd"
          "7zXZ",
          6, "xz", NULL, archive_read_support_filter_xz },
        { "BZh", 3, "bzip2", NULL, archive_read_support_filter_bzip2 },
};

struct stream {
        struct stream_source source;
        uint64_t raw_bytes;
        struct digest raw;
        uint64_t kept_bytes;
        size_t raw_pending; /* bytes of the first raw block, while nobody has taken it */
        bool raw_end;

        const struct stream_format *format; /* NULL: not compressed */
        struct archive *inflate;            /* owned; NULL while not compressed */
        struct gunzip *gunzip;              /* owned; instead of it, where we have that for gzip */
        struct error reason;                /* of a failure below libarchive */

        uint64_t bytes;
        struct digest diff;
        const void *pending; /* what stream_peek() has shown */
        size_t pending_length;
        bool peeked, end;
        atomic_uint *spare;  /* borrowed; processors for it; or NULL */
        struct ahead *ahead; /* owned; what reads, once there was one; or NULL */
        char buffer[STREAM_BUFFER];
};

/* At most as many bytes as are there already; waits for the first. */
static int stream_wait_growth(const struct stream *stream, size_t *length)
{
        const struct stream_source *source = &stream->source;
        uint64_t place = source->offset + stream->raw_bytes, size;
        int some = source->growth ? growth_wait(source->growth, place, &size) : 1;

        if (some < 0) {
                errno = ECANCELED;
                return -1;
        }
        if (some == 0)
                *length = 0;
        else if (source->growth && size - place < *length)
                *length = (size_t)(size - place);
        return 0;
}

static ssize_t stream_read_some(struct stream *stream)
{
        const struct stream_source *source = &stream->source;
        size_t length = sizeof stream->buffer;
        ssize_t n;

        if (source->size != STREAM_UNKNOWN_SIZE && source->size - stream->raw_bytes < length)
                length = (size_t)(source->size - stream->raw_bytes);
        if (length && stream_wait_growth(stream, &length) < 0)
                return -1;
        if (!length)
                return 0;
        do {
                if (source->cancel && *source->cancel) {
                        errno = EINTR;
                        return -1;
                }
                n = source->positioned ? pread(source->fd, stream->buffer, length,
                                               (off_t)(source->offset + stream->raw_bytes))
                                       : read(source->fd, stream->buffer, length);
        } while (n < 0 && errno == EINTR);
        return n;
}

/* The disk may begin with what there is: then less is left to wait for at the end. */
static bool stream_writeback_due(const struct stream *stream, size_t length)
{
        return stream->kept_bytes / STREAM_WRITEBACK !=
               (stream->kept_bytes + length) / STREAM_WRITEBACK;
}

/* Where the blob is kept: into its digest and its copy. */
static int stream_keep(struct stream *stream, const void *data, size_t length, struct error *err)
{
        const struct stream_source *source = &stream->source;

        if (source->copy >= 0 && stream_writeback_due(stream, length))
                sync_file_range(source->copy, 0, 0, SYNC_FILE_RANGE_WRITE);
        stream->kept_bytes += length;
        if (!source->no_digest)
                digest_update(&stream->raw, data, length);
        if (source->copy >= 0 && io_write_all(source->copy, data, length) < 0)
                return error_errno(err, errno, "cannot store %s", source->name);
        return 0;
}

/* Read raw bytes. Returns 1, or 0 at the end. */
static int stream_fetch(struct stream *stream, size_t *ret_length, struct error *err)
{
        const struct stream_source *source = &stream->source;
        ssize_t n = stream->raw_end ? 0 : stream_read_some(stream);

        if (n < 0 && errno == EINTR)
                return error_set(err, EINTR, "interrupted");
        if (n < 0)
                return error_errno(err, errno, "cannot read %s", source->name);
        if (n == 0) {
                stream->raw_end = true;
                if (source->size != STREAM_UNKNOWN_SIZE && stream->raw_bytes < source->size)
                        return error_set(err, EBADMSG,
                                         "%s is truncated: %llu of %llu bytes are there",
                                         source->name, (unsigned long long)stream->raw_bytes,
                                         (unsigned long long)source->size);
                return 0;
        }
        stream->raw_bytes += (uint64_t)n;
        if (source->progress)
                *source->progress += (uint64_t)n;
        *ret_length = (size_t)n;
        return 1;
}

/* The next raw bytes, counted, and kept where they are the blob. Returns 1, or 0 at the end. */
static int stream_next_raw(struct stream *stream, const void **ret_data, size_t *ret_length,
                           struct error *err)
{
        size_t length = stream->raw_pending;
        int some = length ? 1 : stream_fetch(stream, &length, err);

        stream->raw_pending = 0;
        if (some <= 0)
                return some;
        if (!stream_is_recoded(stream) && stream_keep(stream, stream->buffer, length, err) < 0)
                return -1;
        *ret_data = stream->buffer;
        *ret_length = length;
        return 1;
}

/* libarchive's read callback. */
static la_ssize_t stream_feed(struct archive *archive, void *context, const void **ret_data)
{
        struct stream *stream = context;
        size_t length = 0;
        int result = stream_next_raw(stream, ret_data, &length, &stream->reason);

        if (result < 0)
                archive_set_error(archive, EIO, "%s", stream->reason.message);
        return result < 0 ? -1 : (la_ssize_t)length;
}

static int stream_inflate_failed(struct stream *stream, struct error *err)
{
        const char *why = archive_error_string(stream->inflate);

        if (stream->reason.message)
                return error_set(err, stream->reason.code, "%s", stream->reason.message);
        return error_set(err, EBADMSG, "%s cannot be decompressed: %s", stream->source.name,
                         why ? why : "it is damaged");
}

#if HAVE_ISAL
/* A gunzip_source. */
static int stream_feed_gunzip(void *context, const void **ret_data, size_t *ret_length,
                              struct error *err)
{
        return stream_next_raw(context, ret_data, ret_length, err);
}
#endif

static int stream_start_inflate(struct stream *stream, struct error *err)
{
        struct archive_entry *entry;

#if HAVE_ISAL
        if (str_equal(stream->format->name, "gzip")) {
                stream->gunzip = gunzip_new(stream_feed_gunzip, stream, stream->source.name);
                return 0;
        }
#endif
        stream->inflate = archive_read_new();
        if (!stream->inflate)
                return error_set(err, ENOMEM, "out of memory");
        if (stream->format->support(stream->inflate) != ARCHIVE_OK)
                return error_set(err, ENOSYS, "%s: libarchive was built without %s",
                                 stream->source.name, stream->format->name);
        archive_read_support_format_raw(stream->inflate);
        archive_read_support_format_empty(stream->inflate);
        if (archive_read_open(stream->inflate, stream, NULL, stream_feed, NULL) != ARCHIVE_OK)
                return stream_inflate_failed(stream, err);
        switch (archive_read_next_header(stream->inflate, &entry)) {
        case ARCHIVE_OK:
                return 0;
        case ARCHIVE_EOF: /* compressed nothing */
                stream->end = true;
                return 0;
        default:
                return stream_inflate_failed(stream, err);
        }
}

int stream_open(const struct stream_source *source, struct stream **ret, struct error *err)
{
        AUTO_STREAM struct stream *stream = alloc_zero(1, sizeof *stream);
        size_t length = 0;

        stream->source = *source;
        if (!stream->source.most)
                stream->source.most = STREAM_MAX_BYTES;
        digest_begin(&stream->raw);
        digest_begin(&stream->diff);
        if (stream_fetch(stream, &length, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof stream_formats / sizeof *stream_formats; i++)
                if (length >= stream_formats[i].length &&
                    memcmp(stream->buffer, stream_formats[i].magic, stream_formats[i].length) == 0)
                        stream->format = stream_formats + i;
        stream->raw_pending = length;
        if (stream->format && stream_start_inflate(stream, err) < 0)
                return -1;
        *ret = steal_ptr(&stream);
        return 0;
}

void stream_close(struct stream **place)
{
        struct stream *stream = *place;

        if (!stream)
                return;
        ahead_stop(&stream->ahead);
#if HAVE_ISAL
        gunzip_free(&stream->gunzip);
#endif
        if (stream->inflate)
                archive_read_free(stream->inflate);
        error_clear(&stream->reason);
        free(stream);
        *place = NULL;
}

/* Into room, where there is one and the library does it. */
static int stream_next_inflated(struct stream *stream, void *room_or_null, const void **ret_data,
                                size_t *ret_length, struct error *err)
{
        la_int64_t offset;

        (void)room_or_null; /* libarchive would not put it there */
#if HAVE_ISAL
        _Static_assert((int)AHEAD_BYTES == (int)GUNZIP_ROOM, "the same room");
        if (stream->gunzip)
                return gunzip_next(stream->gunzip, room_or_null, ret_data, ret_length, err);
#endif
        for (;;) {
                int result =
                        archive_read_data_block(stream->inflate, ret_data, ret_length, &offset);

                if (result == ARCHIVE_EOF)
                        return 0;
                if (result != ARCHIVE_OK)
                        return stream_inflate_failed(stream, err);
                if (*ret_length)
                        return 1;
        }
}

/* The blob's digest is the diff id as well where the blob is kept without compression. */
static bool stream_has_own_diff(const struct stream *stream)
{
        bool plain = !stream->format || stream_is_recoded(stream);

        return !stream->source.no_diff_id && (!plain || stream->source.no_digest);
}

/* The bytes that were looked at: false where there are none, or they were taken. */
static bool stream_take_pending(struct stream *stream, const void **ret_data, size_t *ret_length)
{
        if (!stream->peeked || !stream->pending_length)
                return false;
        *ret_data = stream->pending;
        *ret_length = stream->pending_length;
        stream->pending_length = 0;
        return true;
}

/* An ahead_source. */
static int stream_produce(void *context, void *room_or_null, const void **ret_data,
                          size_t *ret_length, struct error *err)
{
        struct stream *stream = context;
        int some;

        if (stream_take_pending(stream, ret_data, ret_length))
                return 1;
        if (stream->end)
                return 0;
        if (stream->source.cancel && *stream->source.cancel)
                return error_set(err, EINTR, "interrupted");
        some = stream->format
                       ? stream_next_inflated(stream, room_or_null, ret_data, ret_length, err)
                       : stream_next_raw(stream, ret_data, ret_length, err);
        if (some <= 0) {
                stream->end = true;
                return some;
        }
        stream->bytes += *ret_length;
        if (stream->source.writeback)
                writeback_add(stream->source.writeback, *ret_length);
        if (stream->bytes > stream->source.most)
                return error_set(err, EFBIG, "%s holds more than %llu bytes", stream->source.name,
                                 (unsigned long long)stream->source.most);
        if (stream_is_recoded(stream) && stream_keep(stream, *ret_data, *ret_length, err) < 0)
                return -1;
        if (stream_has_own_diff(stream))
                digest_update(&stream->diff, *ret_data, *ret_length);
        return 1;
}

/* A processor has become free, and nobody else has taken it: it reads from here on. Where there is
 * no thread, it goes on without. */
static void stream_take_spare(struct stream *stream)
{
        AUTO_ERROR struct error reason = { 0 };
        unsigned count = *stream->spare;

        while (count && !atomic_compare_exchange_weak(stream->spare, &count, count - 1))
                continue;
        if (!count)
                return;
        stream->spare = NULL;
        ahead_start(stream_produce, stream, &stream->ahead, &reason);
}

int stream_next(struct stream *stream, const void **ret_data, size_t *ret_length, struct error *err)
{
        if (stream->spare && !stream->end)
                stream_take_spare(stream);
        return stream->ahead ? ahead_next(stream->ahead, ret_data, ret_length, err)
                             : stream_produce(stream, NULL, ret_data, ret_length, err);
}

void stream_use_spare(struct stream *stream, atomic_uint *spare)
{
        /* Whoever fails would wait for a pipe that gives nothing. */
        if (stream->source.positioned)
                stream->spare = spare;
}

int stream_peek(struct stream *stream, const void **ret_data, size_t *ret_length, struct error *err)
{
        if (!stream->peeked) {
                const void *data = NULL;
                size_t length = 0;
                int some = stream_next(stream, &data, &length, err);

                if (some < 0)
                        return -1;
                stream->peeked = true;
                stream->pending = data;
                stream->pending_length = length;
        }
        *ret_data = stream->pending;
        *ret_length = stream->pending_length;
        return 0;
}

int stream_finish(struct stream *stream, char **ret_blob, char **ret_diff_id, uint64_t *ret_size,
                  struct error *err)
{
        AUTO_FREE char *blob = NULL;
        const void *data;
        size_t length;
        int some;

        while ((some = stream_next(stream, &data, &length, err)) > 0)
                continue;
        if (some < 0)
                return -1;
        ahead_stop(&stream->ahead);
        while ((some = stream_next_raw(stream, &data, &length, err)) > 0)
                continue;
        if (some < 0)
                return -1;
        blob = stream->source.no_digest ? NULL : digest_end(&stream->raw);
        if (stream->source.no_diff_id)
                *ret_diff_id = NULL;
        else
                *ret_diff_id =
                        stream_has_own_diff(stream) ? digest_end(&stream->diff) : str_dup(blob);
        *ret_blob = steal_str(&blob);
        *ret_size = stream->kept_bytes;
        return 0;
}

void stream_forget_blob(struct stream *stream)
{
        stream->source.copy = -1;
        stream->source.no_digest = stream->source.no_diff_id = true;
}

const char *stream_suffix(const struct stream *stream)
{
        return stream->format && stream->format->suffix ? stream->format->suffix : "";
}

bool stream_is_recoded(const struct stream *stream)
{
        return stream->format && !stream->format->suffix;
}

bool stream_is_compressed(const struct stream *stream)
{
        return stream->format != NULL;
}
