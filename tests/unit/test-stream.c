/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip, by whichever library takes it apart. */
#include "src/base/cleanup.h"
#include "src/base/io.h"
#include "src/base/str.h"
#include "src/image/digest.h"
#include "src/image/stream.h"
#include "tests/tap.h"

#include <archive.h>
#include <archive_entry.h>
#include <err.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
        GZIP_HEADER = 10 /* bytes, of a member without a name */
};

static void gzip_append(struct strbuf *to, const char *data, size_t length)
{
        struct archive *archive = archive_write_new();
        struct archive_entry *entry = archive_entry_new();
        size_t size = length + length / 100 + 65536, used = 0;
        AUTO_FREE char *out = alloc_zero(size, 1);

        archive_write_set_format_raw(archive);
        archive_write_add_filter_gzip(archive);
        archive_write_set_bytes_per_block(archive, 0);
        archive_entry_set_filetype(entry, AE_IFREG);
        if (archive_write_open_memory(archive, out, size, &used) != ARCHIVE_OK ||
            archive_write_header(archive, entry) != ARCHIVE_OK ||
            archive_write_data(archive, data, length) != (la_ssize_t)length ||
            archive_write_close(archive) != ARCHIVE_OK)
                errx(2, "%s", archive_error_string(archive));
        strbuf_append_n(to, out, used);
        archive_entry_free(entry);
        archive_write_free(archive);
}

/* Half noise, half the same byte: both stored and packed blocks. */
static void fill(struct strbuf *to, size_t length)
{
        uint64_t state = 88172645463325252u;

        for (size_t i = 0; i < length; i++) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                strbuf_append_char(to, i / 100000 % 2 ? 'x' : (char)state);
        }
}

/* Who reads: the caller's thread, another one, or another one from the second block on. */
enum reader {
        READER_CALLER,
        READER_AHEAD,
        READER_LATE,
        READERS
};

/* The digest of what comes out, or NULL. */
static char *inflate(const char *data, size_t length, enum reader reader, struct error *err)
{
        AUTO_CLOSE int fd = memfd_create("stream", MFD_CLOEXEC);
        struct stream_source source = {
                .fd = fd, .positioned = true, .size = STREAM_UNKNOWN_SIZE, .copy = -1, .name = "it"
        };
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_FREE char *blob = NULL, *expected = digest_of(data, length);
        atomic_uint spare = 1;
        char *diff_id = NULL;
        uint64_t size = 0;
        const void *block;
        size_t block_length;

        if (fd < 0 || io_write_all(fd, data, length) < 0)
                errx(2, "no memory file");
        if (stream_open(&source, &stream, err) < 0 ||
            (reader == READER_LATE && stream_next(stream, &block, &block_length, err) < 0))
                return NULL;
        if (reader != READER_CALLER)
                stream_use_spare(stream, &spare);
        if (stream_finish(stream, &blob, &diff_id, &size, err) < 0)
                return NULL;
        check(size == length && str_equal(blob, expected), "the blob is counted and hashed");
        return diff_id;
}

static void test_whole(const struct strbuf *plain, const struct strbuf *packed, const char *what)
{
        AUTO_FREE char *expected = digest_of(plain->data ? plain->data : "", plain->length);

        for (enum reader reader = READER_CALLER; reader < READERS; reader++) {
                AUTO_ERROR struct error error = { 0 };
                AUTO_FREE char *got = inflate(packed->data, packed->length, reader, &error);

                check_str(got ? got : error.message, expected, what);
        }
}

static void test_sizes(void)
{
        static const size_t sizes[] = { 0, 1, 70, 256 << 10, (256 << 10) + 1, 3000000 };

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                AUTO_STRBUF struct strbuf plain = { 0 }, packed = { 0 };
                AUTO_FREE char *what = str_format("%zu bytes", sizes[i]);

                fill(&plain, sizes[i]);
                gzip_append(&packed, plain.data ? plain.data : "", plain.length);
                test_whole(&plain, &packed, what);
        }
}

static void test_members(void)
{
        AUTO_STRBUF struct strbuf plain = { 0 }, packed = { 0 };

        fill(&plain, 500000);
        gzip_append(&packed, plain.data, 400000);
        gzip_append(&packed, "", 0);
        gzip_append(&packed, plain.data + 400000, 100000);
        test_whole(&plain, &packed, "several members");
        strbuf_append_n(&packed, "\0\0\0rubbish", 10);
        test_whole(&plain, &packed, "and what is none behind them");
}

/* A processor becomes free while others read. */
static void test_spare(void)
{
        AUTO_STRBUF struct strbuf plain = { 0 }, packed = { 0 };
        AUTO_CLOSE int fd = memfd_create("stream", MFD_CLOEXEC);
        struct stream_source source = {
                .fd = fd, .positioned = true, .size = STREAM_UNKNOWN_SIZE, .copy = -1, .name = "it"
        };
        AUTO_STREAM struct stream *stream = NULL;
        AUTO_FREE char *blob = NULL, *diff_id = NULL, *expected = NULL;
        atomic_uint spare = 0;
        const void *data;
        size_t length;
        uint64_t size;

        fill(&plain, 3000000);
        gzip_append(&packed, plain.data, plain.length);
        expected = digest_of(plain.data, plain.length);
        if (fd < 0 || io_write_all(fd, packed.data, packed.length) < 0)
                errx(2, "no memory file");
        check(stream_open(&source, &stream, NULL) == 0, "a stream");
        stream_use_spare(stream, &spare);
        check(stream_next(stream, &data, &length, NULL) == 1 && spare == 0, "reads by itself");
        spare = 2;
        check(stream_next(stream, &data, &length, NULL) == 1 && spare == 1,
              "takes a processor that is free");
        check(stream_next(stream, &data, &length, NULL) == 1 && spare == 1, "and no other");
        check(stream_finish(stream, &blob, &diff_id, &size, NULL) == 0 && spare == 1, "to the end");
        check_str(diff_id, expected, "and misses nothing");
}

static void test_damage(void)
{
        AUTO_STRBUF struct strbuf plain = { 0 }, packed = { 0 };
        size_t refused = 0, cut = 0;

        fill(&plain, 300);
        gzip_append(&packed, plain.data, plain.length);
        for (size_t length = GZIP_HEADER + 1; length < packed.length; length++, cut++) {
                AUTO_ERROR struct error error = { 0 };
                AUTO_FREE char *got = inflate(packed.data, length, READER_CALLER, &error);

                refused += !got && str_has_prefix(error.message, "it cannot be decompressed: ");
        }
        check(cut > 200 && refused == cut, "truncated anywhere it is refused");
#if HAVE_ISAL /* libarchive does not look at it; the digests show it all the same */
        for (size_t back = 1; back <= 8; back++) {
                AUTO_ERROR struct error error = { 0 };
                AUTO_FREE char *got = NULL;

                packed.data[packed.length - back] ^= 1;
                got = inflate(packed.data, packed.length, READER_CALLER, &error);
                check(!got, "a wrong checksum or length is noticed");
                packed.data[packed.length - back] ^= 1;
        }
#endif
}

int main(void)
{
        test_sizes();
        test_members();
        test_spare();
        test_damage();
        return tap_done();
}
