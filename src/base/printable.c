/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "printable.h"

#include <stdarg.h>
#include <stdio.h>

enum {
        PRINTABLE_NONE = 0xfffd, /* "not a character" */
        PRINTABLE_BMP = 0x10000
};

static const struct printable_range {
        uint32_t first, last;
} printable_ranges[] = {
        { 0x01, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },
        { 0x61c, 0x61c },   { 0x200e, 0x200f }, { 0x2028, 0x202e },
        { 0x2060, 0x206f }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

/* One character of UTF-8; its length. */
static size_t printable_decode(const char *text, uint32_t *ret_code)
{
        unsigned char lead = (unsigned char)*text;
        size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        uint32_t code = lead;

        if (length > 1 && str_utf8_valid(text, strnlen(text, length)) != length) {
                *ret_code = PRINTABLE_NONE;
                return 1;
        }
        if (length > 1)
                code = lead & (0x7fu >> length);
        for (size_t i = 1; i < length; i++)
                code = code << 6 | ((unsigned char)text[i] & 0x3f);
        *ret_code = code;
        return length;
}

bool printable_next(const char *text, size_t *ret_length, uint32_t *ret_code)
{
        static const size_t count = sizeof printable_ranges / sizeof *printable_ranges;
        uint32_t code;
        size_t length = printable_decode(text, &code);
        bool fit = code != PRINTABLE_NONE || length > 1;

        for (size_t i = 0; i < count && fit; i++)
                fit = code < printable_ranges[i].first || code > printable_ranges[i].last;
        *ret_length = length;
        *ret_code = code;
        return fit;
}

void printable_mask(char *text, const char *keep)
{
        char *to = text;

        while (*text) {
                uint32_t code;
                size_t length;

                if (printable_next(text, &length, &code) || (length == 1 && strchr(keep, *text))) {
                        memmove(to, text, length);
                        to += length;
                } else {
                        *to++ = '?';
                }
                text += length;
        }
        *to = '\0';
}

void printable_escape(struct strbuf *out, uint32_t code)
{
        if (code < PRINTABLE_BMP) {
                strbuf_appendf(out, "\\u%04x", code);
                return;
        }
        code -= PRINTABLE_BMP;
        strbuf_appendf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

char *printable_json(const char *text)
{
        AUTO_STRBUF struct strbuf out = { 0 };

        while (*text) {
                uint32_t code;
                size_t length;

                if (printable_next(text, &length, &code) || *text == '\n')
                        strbuf_append_n(&out, text, length);
                else
                        printable_escape(&out, code);
                text += length;
        }
        return strbuf_steal(&out);
}

void printable_line(const char *format, ...)
{
        AUTO_FREE char *line = NULL;
        va_list args;

        va_start(args, format);
        line = str_vformat(format, args);
        va_end(args);
        printable_mask(line, "\t");
        puts(line);
}
