/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "digest.h"

#include "../base/str.h"

#include <stdint.h>

void digest_begin(struct digest *digest)
{
        sha256_init(&digest->context);
}

void digest_update(struct digest *digest, const void *data, size_t length)
{
        sha256_update(&digest->context, length, data);
}

char *digest_end(struct digest *digest)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        uint8_t bytes[SHA256_DIGEST_SIZE];

        sha256_digest(&digest->context, sizeof bytes, bytes);
        strbuf_append(&text, "sha256:");
        for (size_t i = 0; i < sizeof bytes; i++)
                strbuf_appendf(&text, "%02x", bytes[i]);
        return strbuf_steal(&text);
}

char *digest_of(const void *data, size_t length)
{
        struct digest digest;

        digest_begin(&digest);
        digest_update(&digest, data, length);
        return digest_end(&digest);
}
