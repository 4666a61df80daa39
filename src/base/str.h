/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings. Everything that allocates aborts when memory is out: these are short-lived programs, and
 * a half-built command line is worse than none. Returned strings are owned by the caller.
 */
#pragma once

#include "attr.h"
#include "cleanup.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* malloc and friends that never return NULL; alloc_zero() gives zeroed memory. */
void *alloc_zero(size_t count, size_t size);
void *alloc_grow(void *memory, size_t count, size_t size);

/* A copy; NULL stays NULL. */
char *str_dup(const char *s);
char *str_dupn(const char *s, size_t length);

char *str_format(const char *format, ...) PRINTF_LIKE(1, 2);
char *str_vformat(const char *format, va_list args) PRINTF_LIKE(1, 0);

/* The strings one behind the other: much cheaper than str_format(). */
#define str_concat(...) str_concat_all((const char *const[]){ __VA_ARGS__, NULL })
char *str_concat_all(const char *const *strings);

/* s with the other in place of each part, which is not empty. */
char *str_substitute(const char *s, const char *part, const char *other);

/* Free *place and put a copy of value there. */
void str_replace(char **place, const char *value);

bool str_equal(const char *a, const char *b); /* NULL equals only NULL */
/* The same for a search among many names, most of which differ in their first letter; neither is
 * NULL. */
static inline bool str_is(const char *a, const char *b)
{
        return *a == *b && strcmp(a, b) == 0;
}
bool str_equal_nocase(const char *a, const char *b);
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);

/* The part of s behind prefix, or NULL where s does not begin with it. Borrowed from s. */
const char *str_after(const char *s, const char *prefix);

static inline bool str_empty(const char *s)
{
        return !s || !*s;
}

/* Length of the valid UTF-8 at the start of data: length itself where all of it is valid. NUL
 * counts as valid. */
size_t str_utf8_valid(const char *data, size_t length);

/* Parse all of s as a decimal number within [0, max]. No sign, no blanks. */
bool str_to_u64(const char *s, unsigned long long max, unsigned long long *ret);

/* The best of the candidates (NULL-terminated) by edit distance for "did you mean …?", or NULL
 * where none is near. */
const char *str_nearest(const char *word, const char *const *candidates);
/* The same among the rows of a table, of that size each, that begin with their name; NULL ends it.
 */
const char *str_nearest_row(const char *word, const void *rows, size_t size);

/* A growing buffer; data is always NUL-terminated once anything was appended. Start with { 0 }. */
struct strbuf {
        char *data; /* owned; NULL while nothing was appended */
        size_t length;
        size_t capacity;
};

void strbuf_reserve(struct strbuf *buf, size_t more); /* room for so many bytes behind length */
/* Here, because text is taken apart and put together by these, piece by piece. */
static inline void strbuf_append_n(struct strbuf *buf, const void *data, size_t length)
{
        if (buf->length + length + 1 > buf->capacity)
                strbuf_reserve(buf, length);
        if (length)
                memcpy(buf->data + buf->length, data, length);
        buf->length += length;
        buf->data[buf->length] = '\0';
}
static inline void strbuf_append(struct strbuf *buf, const char *s)
{
        strbuf_append_n(buf, s, strlen(s));
}
static inline void strbuf_append_char(struct strbuf *buf, char c)
{
        if (buf->length + 2 > buf->capacity)
                strbuf_reserve(buf, 1);
        buf->data[buf->length++] = c;
        buf->data[buf->length] = '\0';
}
void strbuf_appendf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
char *strbuf_steal(struct strbuf *buf); /* never NULL; buf is empty again */
void strbuf_free(struct strbuf *buf);
#define AUTO_STRBUF CLEANUP(strbuf_free)

/* A list of strings, NULL-terminated so that it serves as argv. Start with { 0 }. */
struct strv {
        char **items; /* owned, with what they point at; NULL while empty */
        size_t count;
        size_t capacity;
};

void strv_append(struct strv *list, const char *s);
void strv_append_owned(struct strv *list, char *s); /* takes ownership of s */
void strv_appendf(struct strv *list, const char *format, ...) PRINTF_LIKE(2, 3);
void strv_append_all(struct strv *list, const struct strv *from);
bool strv_contains(const struct strv *list, const char *s);
bool strv_equal(const struct strv *a, const struct strv *b);
/* Split at any of the separators; empty parts are kept when keep_empty. */
void strv_split(struct strv *list, const char *s, const char *separators, bool keep_empty);
char *strv_join(const struct strv *list, const char *separator);
char **strv_steal(
        struct strv *list); /* the NULL-terminated array, never NULL; list is empty again */
void strv_free_items(struct strv *list);
static inline void strv_free(struct strv *list)
{
        if (list->items)
                strv_free_items(list);
        *list = (struct strv){ 0 };
}
#define AUTO_STRV CLEANUP(strv_free)
