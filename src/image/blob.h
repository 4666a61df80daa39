/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of a blob, read once from front to back and compared with the digest that it has to
 * have; nothing is decompressed (stream.h does that). */
#pragma once

#include "../base/error.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct blob_source {
        int fd;                              /* borrowed; read with pread(2) */
        uint64_t offset;                     /* where it begins there, in bytes */
        uint64_t size;                       /* bytes */
        const char *digest;                  /* borrowed; "sha256:HEX" */
        const char *place;                   /* borrowed; "in the store", for messages; or NULL */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop, with EINTR; or NULL */
};

/* Gets one piece after the other. */
typedef int blob_take(void *context, const void *data, size_t length, struct error *err);

/* EBADMSG where it is shorter, or has another digest; by then take (or NULL) has got all of it. */
int blob_read(const struct blob_source *source, blob_take *take_or_null, void *context,
              struct error *err);

/* A blob_take: write to the descriptor that context points at. */
int blob_write(void *context, const void *data, size_t length, struct error *err);
