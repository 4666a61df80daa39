/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text of others (names, labels, commands, lines of a container) on its way to a terminal: what
 * moves the cursor, changes colours, sets the title or turns the direction of writing around must
 * not get there. All tables, lines and messages pass through here; values that a program asked for
 * (--format with a template, into a pipe) do not.
 */
#pragma once

#include "attr.h"
#include "str.h"

#include <stdint.h>

/* Whether the character at text may be shown, and how many bytes it has. Not so C0 and C1, DEL, the
 * separators of lines, what changes the direction of writing or is not seen at all, and a byte that
 * is no UTF-8. *ret_code is its number, U+FFFD of what has none. text is not at its end. */
bool printable_next(const char *text, size_t *ret_length, uint32_t *ret_code);

/* Put one `?` in place of each that may not, but those of ASCII that keep has. */
void printable_mask(char *text, const char *keep);

/* The same text with \uXXXX for each of them but line ends: JSON stays what it is. Owned by the
 * caller. */
char *printable_json(const char *text);

/* Append a character as JSON escapes it, by one \uXXXX or two. */
void printable_escape(struct strbuf *out, uint32_t code);

/* Print one line to stdout, masked but for tabs. */
void printable_line(const char *format, ...) PRINTF_LIKE(1, 2);
