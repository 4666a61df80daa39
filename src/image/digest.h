/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 while bytes pass by. */
#pragma once

#include <nettle/sha2.h>
#include <stddef.h>

struct digest {
        struct sha256_ctx context;
};

void digest_begin(struct digest *digest);
void digest_update(struct digest *digest, const void *data, size_t length);

/* The digest of what has passed, as "sha256:HEX", owned by the caller; the next update begins anew.
 */
char *digest_end(struct digest *digest);

/* All at once. */
char *digest_of(const void *data, size_t length);
