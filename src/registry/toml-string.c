/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text, and strings in it. */
#include "toml-scan.h"

#include <errno.h>
#include <stdint.h>

int toml_fail(struct toml_scan *scan, const char *format, ...)
{
        AUTO_FREE char *reason = NULL;
        va_list args;

        va_start(args, format);
        reason = str_vformat(format, args);
        va_end(args);
        return error_set(scan->err, EBADMSG, "%s:%u: %s", scan->name, scan->line, reason);
}

static bool toml_is_control(char c)
{
        return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* The length of an end of line at s, or 0. */
static size_t toml_newline(const char *s)
{
        if (*s == '\n')
                return 1;
        return s[0] == '\r' && s[1] == '\n' ? 2 : 0;
}

static int toml_skip_comment(struct toml_scan *scan)
{
        if (*scan->at != '#')
                return 0;
        while (*scan->at && !toml_newline(scan->at)) {
                if (toml_is_control(*scan->at))
                        return toml_fail(scan, "there is a control character in a comment");
                scan->at++;
        }
        return 0;
}

int toml_skip(struct toml_scan *scan, bool lines)
{
        for (;;) {
                size_t newline;

                scan->at += strspn(scan->at, " \t");
                if (!lines)
                        return 0;
                if (toml_skip_comment(scan) < 0)
                        return -1;
                if (!(newline = toml_newline(scan->at)))
                        return 0;
                scan->at += newline;
                scan->line++;
        }
}

int toml_end_line(struct toml_scan *scan)
{
        size_t newline;

        toml_skip(scan, false);
        if (toml_skip_comment(scan) < 0)
                return -1;
        if (!*scan->at)
                return 0;
        if (!(newline = toml_newline(scan->at)))
                return toml_fail(scan, "there is more on the line than a key and its value");
        scan->at += newline;
        scan->line++;
        return 0;
}

static void toml_append_utf8(struct strbuf *text, uint32_t code)
{
        if (code < 0x80) {
                strbuf_append_char(text, (char)code);
                return;
        }
        if (code < 0x800) {
                strbuf_append_char(text, (char)(0xc0 | code >> 6));
        } else if (code < 0x10000) {
                strbuf_append_char(text, (char)(0xe0 | code >> 12));
                strbuf_append_char(text, (char)(0x80 | (code >> 6 & 0x3f)));
        } else {
                strbuf_append_char(text, (char)(0xf0 | code >> 18));
                strbuf_append_char(text, (char)(0x80 | (code >> 12 & 0x3f)));
                strbuf_append_char(text, (char)(0x80 | (code >> 6 & 0x3f)));
        }
        strbuf_append_char(text, (char)(0x80 | (code & 0x3f)));
}

/* \uXXXX and \UXXXXXXXX; at is behind the letter. */
static int toml_take_code(struct toml_scan *scan, unsigned digits, struct strbuf *text)
{
        static const char hex[] = "0123456789abcdef";
        uint32_t code = 0;

        for (; digits; digits--, scan->at++) {
                char c =
                        *scan->at >= 'A' && *scan->at <= 'F' ? (char)(*scan->at | 0x20) : *scan->at;
                const char *digit = c ? strchr(hex, c) : NULL;

                if (!digit)
                        return toml_fail(scan, "\\u takes four hexadecimal digits, \\U eight");
                code = code << 4 | (uint32_t)(digit - hex);
        }
        if (!code)
                return toml_fail(scan, "a string cannot have a NUL in it");
        if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
                return toml_fail(scan, "U+%04X is no character", code);
        toml_append_utf8(text, code);
        return 0;
}

/* What a backslash begins; at is behind it. */
static int toml_take_escape(struct toml_scan *scan, struct strbuf *text)
{
        static const char letters[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
        char c = *scan->at;
        const char *letter = c ? strchr(letters, c) : NULL;

        if (letter) {
                strbuf_append_char(text, values[letter - letters]);
                scan->at++;
                return 0;
        }
        if (c != 'u' && c != 'U')
                return toml_fail(scan, "'\\%c' is not an escape; write \\\\ for a backslash",
                                 toml_is_control(c) ? ' ' : c);
        scan->at++;
        return toml_take_code(scan, c == 'u' ? 4 : 8, text);
}

/* A backslash at the end of a line takes all blanks and line ends behind it away. */
static bool toml_take_line_end(struct toml_scan *scan)
{
        const char *rest = scan->at + strspn(scan->at, " \t");
        size_t newline;

        if (!toml_newline(rest))
                return false;
        for (;;) {
                rest += strspn(rest, " \t");
                if (!(newline = toml_newline(rest)))
                        break;
                rest += newline;
                scan->line++;
        }
        scan->at = rest;
        return true;
}

static int toml_take_line_string(struct toml_scan *scan, char quote, struct strbuf *text)
{
        for (scan->at++; *scan->at != quote;) {
                char c = *scan->at;

                if (!c || toml_newline(scan->at))
                        return toml_fail(scan, "a string is not closed on its line");
                if (toml_is_control(c))
                        return toml_fail(scan, "there is a control character in a string");
                scan->at++;
                if (c != '\\' || quote == '\'')
                        strbuf_append_char(text, c);
                else if (toml_take_escape(scan, text) < 0)
                        return -1;
        }
        scan->at++;
        return 0;
}

/* Three quotes close the string; one or two before them belong to it. */
static bool toml_take_close(struct toml_scan *scan, char quote, struct strbuf *text)
{
        size_t quotes = 0;

        while (quotes < 5 && scan->at[quotes] == quote)
                quotes++;
        scan->at += quotes;
        for (size_t i = quotes < 3 ? 0 : 3; i < quotes; i++)
                strbuf_append_char(text, quote);
        return quotes >= 3;
}

static int toml_take_character(struct toml_scan *scan, char quote, struct strbuf *text)
{
        size_t newline = toml_newline(scan->at);
        char c = *scan->at;

        if (newline) {
                strbuf_append_char(text, '\n');
                scan->at += newline;
                scan->line++;
                return 0;
        }
        if (toml_is_control(c))
                return toml_fail(scan, "there is a control character in a string");
        scan->at++;
        if (c == '\\' && quote == '"')
                return toml_take_line_end(scan) ? 0 : toml_take_escape(scan, text);
        strbuf_append_char(text, c);
        return 0;
}

static int toml_take_lines(struct toml_scan *scan, char quote, struct strbuf *text)
{
        unsigned first = scan->line;
        size_t newline;

        scan->at += 3;
        if ((newline = toml_newline(scan->at))) {
                scan->at += newline;
                scan->line++;
        }
        for (;;) {
                if (!*scan->at)
                        return toml_fail(scan, "the string that begins on line %u is not closed",
                                         first);
                if (*scan->at == quote) {
                        if (toml_take_close(scan, quote, text))
                                return 0;
                } else if (toml_take_character(scan, quote, text) < 0) {
                        return -1;
                }
        }
}

int toml_take_string(struct toml_scan *scan, bool key, struct strbuf *text)
{
        char quote = *scan->at;

        strbuf_append(text, "");
        if (!key && scan->at[1] == quote && scan->at[2] == quote)
                return toml_take_lines(scan, quote, text);
        return toml_take_line_string(scan, quote, text);
}
