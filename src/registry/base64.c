/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base64.h"

#include "../base/str.h"

#include <nettle/base64.h>

char *base64_encode(const void *data, size_t length)
{
        char *text = alloc_zero(BASE64_ENCODE_RAW_LENGTH(length) + 1, 1);

        base64_encode_raw(text, length, data);
        return text;
}

char *base64_decode(const char *text, size_t *ret_length)
{
        size_t length = strlen(text);
        size_t decoded = BASE64_DECODE_LENGTH(length);
        AUTO_FREE char *data = alloc_zero(decoded + 1, 1);
        struct base64_decode_ctx context;

        base64_decode_init(&context);
        if (!base64_decode_update(&context, &decoded, (uint8_t *)data, length, text) ||
            !base64_decode_final(&context))
                return NULL;
        data[decoded] = '\0';
        *ret_length = decoded;
        return steal_str(&data);
}
