/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One blob, read once from front to back. On the way the raw bytes are hashed (the blob's digest)
 * and written to a file where one is given; what comes out is decompressed (gzip, zstd, xz, bzip2,
 * or nothing, as the first bytes tell) and hashed again (the diff id). A stream belongs to one
 * thread, and has another one of its own where it reads ahead.
 *
 * OCI knows layers in gzip and zstd. One in xz or bzip2 is kept decompressed (stream_is_recoded):
 * what is copied, counted and hashed as the blob is then the decompressed bytes.
 */
#pragma once

#include "../base/error.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most a blob may hold once it is decompressed. The largest layers known to us (machine
 * learning with everything in it) have some 20 GiB; a bomb stops here if the disk did not end
 * before. */
#define STREAM_MAX_BYTES ((uint64_t)256 << 30)

#define STREAM_UNKNOWN_SIZE UINT64_MAX

struct growth;
struct stream;
struct writeback;

struct stream_source {
        int fd;          /* borrowed */
        bool positioned; /* read from offset with pread(2); else from where the descriptor stands */
        uint64_t offset; /* bytes */
        uint64_t size;   /* bytes; STREAM_UNKNOWN_SIZE: to the end of the file */
        struct growth *growth; /* borrowed; positioned, and the file still grows: wait for its
                                  bytes, ECANCELED where that breaks off; or NULL */
        int copy;              /* borrowed; the blob goes here as well, or -1 */
        bool no_digest;        /* the blob's digest is known already: do not compute it */
        bool no_diff_id;       /* nor that of the decompressed bytes */
        uint64_t most;         /* fail beyond so many decompressed bytes; 0: STREAM_MAX_BYTES */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: fail with EINTR; or NULL */
        _Atomic uint64_t *progress;          /* borrowed; raw bytes are added here; or NULL */
        struct writeback *writeback;         /* borrowed; is told of decompressed bytes; or NULL */
        const char *name;                    /* borrowed; for messages */
};

int stream_open(const struct stream_source *source, struct stream **ret, struct error *err);
void stream_close(struct stream **stream);
#define AUTO_STREAM CLEANUP(stream_close)

/* The next decompressed bytes, borrowed until the next call. Returns 1, or 0 at the end. */
int stream_next(struct stream *stream, const void **ret_data, size_t *ret_length,
                struct error *err);

/* From here on, as soon as *spare (of processors that nobody uses; borrowed) is not zero, one of
 * them is taken for a thread of its own that reads, decompresses and hashes, unless the source is a
 * pipe. Only stream_next(), stream_finish() and stream_close() may be called then, until
 * stream_finish().
 */
void stream_use_spare(struct stream *stream, atomic_uint *spare);

/* The first decompressed bytes, without taking them; none where the stream is empty. */
int stream_peek(struct stream *stream, const void **ret_data, size_t *ret_length,
                struct error *err);

/*
 * Read what is left, behind the end of the compressed data as well, and give the digests
 * ("sha256:…", owned by the caller) and the number of raw bytes. A digest that was not asked for is
 * NULL.
 */
int stream_finish(struct stream *stream, char **ret_blob, char **ret_diff_id, uint64_t *ret_size,
                  struct error *err);

/* The blob is not wanted after all: no copy and no digests from here on. */
void stream_forget_blob(struct stream *stream);

/* "", "+gzip", "+zstd": what the OCI media type of the blob ends with. */
const char *stream_suffix(const struct stream *stream);
bool stream_is_recoded(const struct stream *stream);
bool stream_is_compressed(const struct stream *stream);
