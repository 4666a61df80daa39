/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blobs that additional stores have need not be fetched. They are copied, not referred to: a store
 * holds all that its images need, whatever becomes of the others. What is copied is as trusted as
 * what a stranger sends, and compared with its digest when it is unpacked.
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
