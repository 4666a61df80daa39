/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words on a line, as systemd.syntax(7) and systemd.service(5) have them: separated by blanks,
 * quoted with ' or " anywhere in a word; and the way back, so that systemd reads the same words
 * again.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>

enum words_escape {
        WORDS_LITERAL, /* a backslash is a character like others */
        WORDS_DECODE,  /* C escapes are decoded; an unknown one is an error */
};

/* Take the next word of *line, which then stands behind it. An empty pair of quotes is an empty
 * word. A quote that is not closed ends with the line; *ret_open says so (may be NULL). Returns 1,
 * or 0 where there is no more word. */
int words_take(const char **line, enum words_escape escape, char **ret_word, bool *ret_open,
               struct error *err);

/* Append all words of line to list. */
int words_split(const char *line, enum words_escape escape, struct strv *list, bool *ret_open,
                struct error *err);

/* Whether systemd would read the word as something else, if it stood there as it is. */
bool words_needs_quotes(const char *word, size_t length);

/* Append a word in a form that words_split(WORDS_DECODE) and systemd's Exec lines read as exactly
 * this word. Specifiers (%) and variables ($) stay as they are: systemd is to expand them. */
void words_quote(const char *word, struct strbuf *buf);

/* Put a word at the end of a line, quoted where necessary, with a blank between it and the one in
 * front. */
void words_add(struct strbuf *line, const char *word);

/* The same for a word that comes in parts. */
#define words_add_parts(line, ...)                                                                 \
        words_add_all_parts(line, (const char *const[]){ __VA_ARGS__, NULL })
void words_add_all_parts(struct strbuf *line, const char *const *parts);

/* The same for text that is words already. */
void words_add_text(struct strbuf *line, const char *text);
