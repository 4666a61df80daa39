/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static void *alloc_check(void *memory)
{
        if (!memory) {
                fputs("out of memory\n", stderr);
                abort();
        }
        return memory;
}

void *alloc_zero(size_t count, size_t size)
{
        return alloc_check(calloc(count ? count : 1, size ? size : 1));
}

void *alloc_grow(void *memory, size_t count, size_t size)
{
        return alloc_check(reallocarray(memory, count ? count : 1, size ? size : 1));
}

char *str_dup(const char *s)
{
        return s ? alloc_check(strdup(s)) : NULL;
}

char *str_dupn(const char *s, size_t length)
{
        return alloc_check(strndup(s, length));
}

char *str_vformat(const char *format, va_list args)
{
        char *s = NULL;

        if (vasprintf(&s, format, args) < 0)
                alloc_check(NULL);
        return s;
}

char *str_format(const char *format, ...)
{
        va_list args;
        char *s;

        va_start(args, format);
        s = str_vformat(format, args);
        va_end(args);
        return s;
}

char *str_substitute(const char *s, const char *part, const char *other)
{
        struct strbuf buf = { 0 };
        const char *found;

        while ((found = strstr(s, part))) {
                strbuf_append_n(&buf, s, (size_t)(found - s));
                strbuf_append(&buf, other);
                s = found + strlen(part);
        }
        strbuf_append(&buf, s);
        return strbuf_steal(&buf);
}

void str_replace(char **place, const char *value)
{
        char *copy = str_dup(value);

        free(*place);
        *place = copy;
}

char *str_concat_all(const char *const *strings)
{
        size_t length = 0;
        char *joined, *end;

        for (size_t i = 0; strings[i]; i++)
                length += strlen(strings[i]);
        end = joined = alloc_grow(NULL, length + 1, 1);
        *end = '\0';
        for (size_t i = 0; strings[i]; i++)
                end = stpcpy(end, strings[i]);
        return joined;
}

bool str_equal(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_equal_nocase(const char *a, const char *b)
{
        return a == b || (a && b && strcasecmp(a, b) == 0);
}

bool str_has_prefix(const char *s, const char *prefix)
{
        return str_after(s, prefix) != NULL;
}

const char *str_after(const char *s, const char *prefix)
{
        size_t length = strlen(prefix);

        return strncmp(s, prefix, length) == 0 ? s + length : NULL;
}

bool str_has_suffix(const char *s, const char *suffix)
{
        size_t length = strlen(s);
        size_t tail = strlen(suffix);

        return tail <= length && strcmp(s + length - tail, suffix) == 0;
}

/* The length of the sequence that starts at s, or 0 where it is not valid (RFC 3629: no overlong
 * forms, no surrogates). */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t code;
        size_t length;

        if (s[0] < 0x80)
                return 1;
        length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
        if (s[0] < 0xc2 || s[0] > 0xf4 || length > left)
                return 0;
        code = s[0] & (0xffu >> (length + 1));
        for (size_t i = 1; i < length; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (s[i] & 0x3f);
        }
        if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                return 0;
        return length;
}

/* Whether the eight bytes at s are ASCII; most text is. */
static bool is_ascii8(const char *s)
{
        uint64_t bytes;

        memcpy(&bytes, s, sizeof bytes);
        return (bytes & 0x8080808080808080u) == 0;
}

size_t str_utf8_valid(const char *data, size_t length)
{
        size_t at = 0;

        while (at < length) {
                size_t step;

                if (length - at >= 8 && is_ascii8(data + at)) {
                        at += 8;
                        continue;
                }
                step = utf8_sequence((const unsigned char *)data + at, length - at);
                if (step == 0)
                        break;
                at += step;
        }
        return at;
}

bool str_to_u64(const char *s, unsigned long long max, unsigned long long *ret)
{
        unsigned long long value = 0;

        if (str_empty(s))
                return false;
        for (; *s; s++) {
                unsigned digit = (unsigned)(*s - '0');

                if (*s < '0' || *s > '9' || value > (max - digit) / 10 || digit > max)
                        return false;
                value = value * 10 + digit;
        }
        *ret = value;
        return true;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
        unsigned least = a < b ? a : b;

        return least < c ? least : c;
}

/* Edit distance without regard to case, of words up to 63 characters; longer words are never near.
 */
static unsigned edit_distance(const char *a, const char *b)
{
        unsigned row[64];
        size_t columns = strlen(b);

        if (columns >= 64 || strlen(a) >= 64)
                return 64;
        for (size_t j = 0; j <= columns; j++)
                row[j] = (unsigned)j;
        for (size_t i = 1; a[i - 1]; i++) {
                unsigned diagonal = row[0];

                row[0] = (unsigned)i;
                for (size_t j = 1; j <= columns; j++) {
                        unsigned above = row[j];
                        unsigned differ = (a[i - 1] | 0x20) != (b[j - 1] | 0x20);

                        row[j] = min3(above + 1, row[j - 1] + 1, diagonal + differ);
                        diagonal = above;
                }
        }
        return row[columns];
}

const char *str_nearest(const char *word, const char *const *candidates)
{
        unsigned best = (unsigned)strlen(word) / 3 + 1;
        const char *found = NULL;

        for (; *candidates; candidates++) {
                unsigned distance = edit_distance(word, *candidates);

                if (distance < best || (distance == best && !found)) {
                        best = distance;
                        found = *candidates;
                }
        }
        return found;
}

const char *str_nearest_row(const char *word, const void *rows, size_t size)
{
        AUTO_FREE const char **names = NULL;
        size_t count = 0;

        for (const char *row = rows;; row += size) {
                const char *name;

                memcpy(&name, row, sizeof name);
                names = alloc_grow(names, count + 1, sizeof *names);
                names[count++] = name;
                if (!name)
                        return str_nearest(word, names);
        }
}

void strbuf_reserve(struct strbuf *buf, size_t more)
{
        size_t needed = buf->length + more + 1;

        if (needed <= buf->capacity)
                return;
        buf->capacity = needed * 2 > 256 ? needed * 2 : 256;
        buf->data = alloc_grow(buf->data, buf->capacity, 1);
}

void strbuf_appendf(struct strbuf *buf, const char *format, ...)
{
        va_list args;
        char *s;

        va_start(args, format);
        s = str_vformat(format, args);
        va_end(args);
        strbuf_append(buf, s);
        free(s);
}

char *strbuf_steal(struct strbuf *buf)
{
        char *data = buf->data ? buf->data : str_dup("");

        *buf = (struct strbuf){ 0 };
        return data;
}

void strbuf_free(struct strbuf *buf)
{
        free(buf->data);
        *buf = (struct strbuf){ 0 };
}

void strv_append_owned(struct strv *list, char *s)
{
        if (list->count + 2 > list->capacity) {
                list->capacity = list->capacity ? list->capacity * 2 : 8;
                list->items = alloc_grow(list->items, list->capacity, sizeof *list->items);
        }
        list->items[list->count++] = s;
        list->items[list->count] = NULL;
}

void strv_append(struct strv *list, const char *s)
{
        strv_append_owned(list, str_dup(s));
}

void strv_appendf(struct strv *list, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        strv_append_owned(list, str_vformat(format, args));
        va_end(args);
}

void strv_append_all(struct strv *list, const struct strv *from)
{
        for (size_t i = 0; i < from->count; i++)
                strv_append(list, from->items[i]);
}

bool strv_contains(const struct strv *list, const char *s)
{
        for (size_t i = 0; i < list->count; i++)
                if (strcmp(list->items[i], s) == 0)
                        return true;
        return false;
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (strcmp(a->items[i], b->items[i]) != 0)
                        return false;
        return true;
}

void strv_split(struct strv *list, const char *s, const char *separators, bool keep_empty)
{
        for (;;) {
                size_t length = strcspn(s, separators);

                if (length || keep_empty)
                        strv_append_owned(list, str_dupn(s, length));
                if (!s[length])
                        return;
                s += length + 1;
        }
}

char *strv_join(const struct strv *list, const char *separator)
{
        struct strbuf buf = { 0 };

        for (size_t i = 0; i < list->count; i++) {
                if (i)
                        strbuf_append(&buf, separator);
                strbuf_append(&buf, list->items[i]);
        }
        return strbuf_steal(&buf);
}

char **strv_steal(struct strv *list)
{
        char **items = list->items ? list->items : alloc_zero(1, sizeof *items);

        *list = (struct strv){ 0 };
        return items;
}

void strv_free_items(struct strv *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i]);
        free(list->items);
}
