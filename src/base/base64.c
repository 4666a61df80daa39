/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base64.h"

#include "str.h"

static const char base64_digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t length)
{
        const unsigned char *bytes = data;
        char *text = alloc_zero((length + 2) / 3 * 4 + 1, 1);
        char *at = text;

        for (size_t i = 0; i < length; i += 3) {
                size_t left = length - i;
                unsigned group = (unsigned)bytes[i] << 16;

                group |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
                group |= left > 2 ? bytes[i + 2] : 0;
                *at++ = base64_digits[group >> 18];
                *at++ = base64_digits[group >> 12 & 63];
                *at++ = left > 1 ? base64_digits[group >> 6 & 63] : '=';
                *at++ = left > 2 ? base64_digits[group & 63] : '=';
        }
        return text;
}

/* What has been read of a text. */
struct base64_reader {
        unsigned group;  /* bits that have not become bytes */
        unsigned digits; /* of the group of four */
        unsigned padding;
        char *at;
};

static bool base64_take(struct base64_reader *reader, char c)
{
        const char *digit = c ? strchr(base64_digits, c) : NULL;

        if (c == '=') {
                reader->padding++;
                return reader->digits + reader->padding <= 4 && reader->digits >= 2;
        }
        if (!digit || reader->padding)
                return false;
        reader->group = reader->group << 6 | (unsigned)(digit - base64_digits);
        reader->digits++;
        if (reader->digits > 1)
                *reader->at++ = (char)(reader->group >> (8 - 2 * reader->digits));
        if (reader->digits == 4)
                reader->digits = reader->group = 0;
        return true;
}

char *base64_decode(const char *text, size_t *ret_length)
{
        AUTO_FREE char *data = alloc_zero(strlen(text) / 4 * 3 + 4, 1);
        struct base64_reader reader = { .at = data };

        for (; *text; text++)
                if (!strchr(" \t\r\n", *text) && !base64_take(&reader, *text))
                        return NULL;
        if (reader.digits + reader.padding != (reader.digits || reader.padding ? 4 : 0))
                return NULL;
        /* Bits that no byte took are 0, or the text means two things. */
        if (reader.digits && reader.group & ((1U << (reader.digits == 2 ? 4 : 2)) - 1))
                return NULL;
        *ret_length = (size_t)(reader.at - data);
        return steal_str(&data);
}
