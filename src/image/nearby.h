/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What additional stores have need not be fetched. A layer that one of them has unpacked is used
 * where it is: our store gets a symbolic link to it, and to its blob, which are trusted as an image
 * is that is run from there. Where only the blob is there, it is copied; that is as trusted as what
 * a stranger sends, and compared with its digest when it is unpacked.
 */
#pragma once

#include "../base/str.h"

#include <signal.h>
#include <stdint.h>

/*
 * Write the blob of that size to the beginning of fd, from the first of the stores (their root
 * directories) that has it. False where none has, where that is no regular file of that size, where
 * it cannot be read or written, or where *cancel (or NULL) becomes non-zero; fd is in any state
 * then.
 */
bool nearby_copy_blob(const struct strv *roots, const char *digest, uint64_t size, int fd,
                      const volatile sig_atomic_t *cancel);

/* A layer in another store. */
struct nearby_layer {
        char *directory; /* owned; absolute */
        char *implied;   /* owned; absolute: its note (implied.h) is there, if it has one */
        char *blob;      /* owned; absolute; NULL: it was not asked for */
};

/*
 * Find the unpacked layer in the first of the stores that has it. digest: its blob has to be there
 * too, and is known to unpack to it (verified.h); NULL: it is not wanted.
 */
bool nearby_find_layer(const struct strv *roots, const char *diff_id, const char *digest_or_null,
                       struct nearby_layer *ret);
void nearby_layer_free(struct nearby_layer *layer);
#define AUTO_NEARBY CLEANUP(nearby_layer_free)
