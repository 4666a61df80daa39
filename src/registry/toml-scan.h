/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a TOML document under way, and the values that have no structure: used by toml.c
 * alone. */
#pragma once

#include "../base/error.h"
#include "../base/json.h"
#include "../base/str.h"

#include <stdbool.h>

struct toml_scan {
        const char *at;    /* borrowed; the next byte, the text ends with NUL */
        const char *name;  /* borrowed; for messages */
        unsigned line;     /* of at, from 1 */
        struct error *err; /* borrowed */
};

/* Fill in the error, with name and line in front. Returns -1. */
int toml_fail(struct toml_scan *scan, const char *format, ...) PRINTF_LIKE(2, 3);

/* Go over blanks and tabs; with lines also over comments and ends of lines. */
int toml_skip(struct toml_scan *scan, bool lines);

/* Only blanks and a comment may stand before the end of the line, which is gone over. */
int toml_end_line(struct toml_scan *scan);

/* A string of any kind whose first quote is at; for keys only those of one line. */
int toml_take_string(struct toml_scan *scan, bool key, struct strbuf *text);

/* A number, boolean, date or time. */
int toml_take_word(struct toml_scan *scan, struct json_object **ret);
