/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of a container file, a drop-in or a unit: sections, and in them keys and comments in
 * their order, each with the place it came from.
 *
 * The dialect: physical lines are trimmed on both sides (so CRLF and indentation do no harm). Empty
 * lines and lines that start with # or ; are comments and are kept. A trailing backslash continues
 * a line; nothing is put in its place, and comments and empty lines inside a continued line are
 * skipped. Sections may be repeated and are merged then; keys may be repeated and are case
 * sensitive. A missing newline at the end and a UTF-8 byte order mark at the start are fine; NUL
 * bytes, invalid UTF-8 and logical lines of more than UNIT_LINE_MAX bytes are errors.
 */
#pragma once

#include "../base/byte-set.h"
#include "../base/error.h"
#include "../base/str.h"

#include <stddef.h>
#include <string.h>

enum {
        UNIT_LINE_MAX = 1 << 20,  /* bytes of one logical line */
        UNIT_FILE_MAX = 16 << 20, /* bytes of a whole file */
};

struct unit_key;

struct unit_line {
        const char *key;            /* borrowed; NULL for a comment or an empty line */
        const char *value;          /* borrowed; for a comment, all of its text */
        unsigned key_length;        /* 0 where there is no key */
        unsigned value_length;      /* bytes, as the other */
        const char *path;           /* borrowed; the file it stands in, NULL where we added it */
        unsigned number;            /* in that file, from 1 */
        unsigned column;            /* of the key, in bytes from 1 */
        const struct unit_key *row; /* borrowed; what keys.h knows about it, or NULL */
};

struct unit_lines {
        struct unit_line *items; /* owned */
        size_t count;
        size_t capacity;
};

struct unit_section {
        const char *name;        /* borrowed */
        const char *path;        /* borrowed; where its first header stands, NULL for ours */
        unsigned number;         /* that header's line */
        struct unit_lines head;  /* comments in front of the section's first header */
        struct unit_lines lines; /* what stands in it */
};

/* Start with { 0 }. */
struct unit_file {
        struct unit_section *sections; /* owned */
        size_t count;
        size_t capacity;
        struct unit_lines comments; /* of a file that has no section at all */
        struct byte_set keys;       /* unit_key_hash() of all that were ever added */
        struct strv texts;          /* owned; what the lines point into */
};

/* Add what text holds to file. Takes ownership of text (NUL-terminated behind length bytes) in any
 * case; path is borrowed for as long as file and err live. On failure file is as it was, and the
 * error has its place. */
int unit_parse(struct unit_file *file, const char *path, char *text, size_t length,
               struct error *err);

/* Append the lines of from to the same-named sections of file, and empty from. */
void unit_merge(struct unit_file *file, struct unit_file *from);

/* Make ret a file of its own with the same lines, borrowing their texts from file. */
void unit_borrow(const struct unit_file *file, struct unit_file *ret);

void unit_free(struct unit_file *file);
#define AUTO_UNIT CLEANUP(unit_free)

/* The section, or NULL. */
struct unit_section *unit_section(const struct unit_file *file, const char *name);

/* A number below 256, which few other keys have; for a literal it is a constant. */
static inline size_t unit_key_hash(const char *key, size_t length)
{
        const unsigned char *letters = (const unsigned char *)key;

        return (((length * 13 + letters[0]) * 13 + letters[length / 4]) * 13 +
                letters[length / 2]) %
               BYTE_SET_SIZE;
}

/* The last line with this key, or NULL. Most keys that a file is asked for are not there, which is
 * told without a look at the lines. */
const struct unit_line *unit_search(const struct unit_file *file, const char *section,
                                    const char *key);
static inline const struct unit_line *unit_last(const struct unit_file *file, const char *section,
                                                const char *key)
{
        return byte_set_has(&file->keys, unit_key_hash(key, strlen(key)))
                       ? unit_search(file, section, key)
                       : NULL;
}

/* The last line's value, or NULL where there is none or it is empty. Borrowed. */
static inline const char *unit_last_value(const struct unit_file *file, const char *section,
                                          const char *key)
{
        const struct unit_line *line = unit_last(file, section, key);

        return line && *line->value ? line->value : NULL;
}

/* A line of ours; both are borrowed. */
static inline struct unit_line unit_line_of(const char *key, const char *value)
{
        return (struct unit_line){ .key = key,
                                   .value = value,
                                   .key_length = (unsigned)strlen(key),
                                   .value_length = (unsigned)strlen(value) };
}

/* Add a key at the end of a section, which is made where it is missing; section, key and value are
 * borrowed. */
void unit_append(struct unit_file *file, const char *section, const struct unit_line *line);
static inline void unit_add(struct unit_file *file, const char *section, const char *key,
                            const char *value)
{
        struct unit_line line = unit_line_of(key, value);

        byte_set_add(&file->keys, unit_key_hash(key, line.key_length));
        unit_append(file, section, &line);
}

/* The same; takes ownership of value. */
static inline void unit_add_owned(struct unit_file *file, const char *section, const char *key,
                                  char *value)
{
        strv_append_owned(&file->texts, value);
        unit_add(file, section, key, value);
}

/* The same as unit_add(), in front of everything else in the section. */
void unit_prepend(struct unit_file *file, const char *section, const char *key, const char *value);

/* Give a line of the file another value; takes ownership of it. */
void unit_replace(struct unit_file *file, struct unit_line *line, char *value);

/* Give a section another name; where that exists already, it gets the lines. */
void unit_rename(struct unit_file *file, const char *section, const char *name);

/* Append the file's text. Nothing is quoted: what is added has to be a value by itself. */
void unit_write(const struct unit_file *file, struct strbuf *buf);

/* Whether text, as a value, is read again as it is: it is one line of valid UTF-8, without blanks
 * around it, and does not continue in the next line. */
bool unit_is_value(const char *text);

/* Where a line's value or key begins; nowhere for NULL and for lines that we added. */
struct error_place unit_value_place(const struct unit_line *line);
struct error_place unit_key_place(const struct unit_line *line);

/* Set a message about a line's value, and the place. Returns -1. */
int unit_error(struct error *err, const struct unit_line *line, const char *format, ...)
        PRINTF_LIKE(3, 4);

/* The same about a whole file; path is borrowed. */
int unit_error_file(struct error *err, const char *path, const char *format, ...) PRINTF_LIKE(3, 4);
