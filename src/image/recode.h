/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A layer's blob in another compression: unpacked it is the same, so the image's id does not
 * change; the blob's digest, and the manifest's with it, do. The result is in a file without a name
 * ($TMPDIR or /var/tmp) that goes with its descriptor. The same blob gives the same result.
 */
#pragma once

#include "../base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct recode {
        int fd;        /* owned */
        char *digest;  /* owned */
        uint64_t size; /* bytes */
};

/* fd is borrowed, and read with pread(2). EBADMSG where it does not unpack to diff_id. */
int recode_blob(int fd, const char *name, const char *diff_id, bool gzip,
                const volatile sig_atomic_t *cancel, struct recode *ret, struct error *err);
void recode_free(struct recode *recode);
