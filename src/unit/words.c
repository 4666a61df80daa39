/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include <stdint.h>

static bool is_separator(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

static void append_utf8(struct strbuf *buf, uint32_t code)
{
        if (code < 0x80) {
                strbuf_append_char(buf, (char)code);
                return;
        }
        if (code < 0x800) {
                strbuf_append_char(buf, (char)(0xc0 | code >> 6));
        } else {
                if (code < 0x10000) {
                        strbuf_append_char(buf, (char)(0xe0 | code >> 12));
                } else {
                        strbuf_append_char(buf, (char)(0xf0 | code >> 18));
                        strbuf_append_char(buf, (char)(0x80 | (code >> 12 & 0x3f)));
                }
                strbuf_append_char(buf, (char)(0x80 | (code >> 6 & 0x3f)));
        }
        strbuf_append_char(buf, (char)(0x80 | (code & 0x3f)));
}

/* Numbers: \xHH and \OOO are bytes, \uHHHH and \UHHHHHHHH are characters. Returns how many
 * characters behind the backslash were read, or 0. */
static size_t decode_number(const char *s, struct strbuf *buf)
{
        bool octal = *s >= '0' && *s <= '7';
        size_t first = octal ? 0 : 1;
        size_t digits = octal ? 3 : *s == 'x' ? 2 : *s == 'u' ? 4 : 8;
        uint32_t code = 0;

        for (size_t i = first; i < first + digits; i++) {
                int digit = hex_digit(s[i]);

                if (digit < 0 || (octal && digit > 7))
                        return 0;
                code = code * (octal ? 8 : 16) + (uint32_t)digit;
        }
        if (code == 0)
                return 0;
        if (*s == 'u' || *s == 'U') {
                if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                        return 0;
                append_utf8(buf, code);
        } else {
                if (code > 0xff)
                        return 0;
                strbuf_append_char(buf, (char)code);
        }
        return first + digits;
}

/* Decode the escape whose backslash stands in front of s; returns how many characters it takes, or
 * 0 where there is no such escape. */
static size_t decode_escape(const char *s, struct strbuf *buf)
{
        static const char letters[] = "abfnrtv\\\"'s";
        static const char meanings[] = "\a\b\f\n\r\t\v\\\"' ";
        const char *found = *s ? strchr(letters, *s) : NULL;

        if (found) {
                strbuf_append_char(buf, meanings[found - letters]);
                return 1;
        }
        if (*s == 'x' || *s == 'u' || *s == 'U' || (*s >= '0' && *s <= '7'))
                return decode_number(s, buf);
        return 0;
}

static int fail_escape(const char *at, struct error *err)
{
        if (!*at)
                return error_set(err, 0, "a single backslash at the end");
        return error_set(err, 0, "unknown escape '\\%.*s' (for a backslash, write two)",
                         (int)str_utf8_valid(at, 1) ? 1 : 0, at);
}

/* Take a word with quotes or escapes from *line, which stands at its first character. */
static int take_quoted(const char **line, enum words_escape escape, char **ret_word, bool *ret_open,
                       struct error *err)
{
        AUTO_STRBUF struct strbuf word = { 0 };
        const char *at = *line;
        char quote = '\0';

        for (; *at && (quote || !is_separator(*at)); at++) {
                if (*at == '\\' && escape == WORDS_DECODE) {
                        size_t taken = decode_escape(at + 1, &word);

                        if (!taken)
                                return fail_escape(at + 1, err);
                        at += taken;
                } else if (quote ? *at == quote : *at == '\'' || *at == '"') {
                        quote = quote ? '\0' : *at;
                } else {
                        strbuf_append_char(&word, *at);
                }
        }
        *line = at;
        *ret_word = strbuf_steal(&word);
        if (quote && ret_open)
                *ret_open = true;
        return 1;
}

int words_take(const char **line, enum words_escape escape, char **ret_word, bool *ret_open,
               struct error *err)
{
        size_t plain;

        while (is_separator(**line))
                ++*line;
        if (!**line)
                return 0;
        plain = strcspn(*line, " \t\n\r\"'\\");
        if ((*line)[plain] && !is_separator((*line)[plain]))
                return take_quoted(line, escape, ret_word, ret_open, err);
        *ret_word = str_dupn(*line, plain);
        *line += plain;
        return 1;
}

int words_split(const char *line, enum words_escape escape, struct strv *list, bool *ret_open,
                struct error *err)
{
        char *word;
        int result;

        while ((result = words_take(&line, escape, &word, ret_open, err)) > 0)
                strv_append_owned(list, word);
        return result;
}

enum {
        IS_QUOTED = 1, /* needs quotes around its word */
        IS_HIGH = 2    /* part of a character beyond ASCII, if all is well */
};

#define QUOTED_4  IS_QUOTED, IS_QUOTED, IS_QUOTED, IS_QUOTED
#define QUOTED_16 QUOTED_4, QUOTED_4, QUOTED_4, QUOTED_4
#define HIGH_4    IS_HIGH, IS_HIGH, IS_HIGH, IS_HIGH
#define HIGH_16   HIGH_4, HIGH_4, HIGH_4, HIGH_4

/* Every word of every unit is looked at here. */
static const unsigned char character_kinds[256] = {
        QUOTED_16,
        QUOTED_16, /* control characters */
        [' '] = IS_QUOTED,
        ['"'] = IS_QUOTED,
        ['\''] = IS_QUOTED,
        ['\\'] = IS_QUOTED,
        [0x7f] = IS_QUOTED,
        HIGH_16,
        HIGH_16,
        HIGH_16,
        HIGH_16,
        HIGH_16,
        HIGH_16,
        HIGH_16,
        HIGH_16,
};

/* A lone ; would separate two commands on an Exec line. */
bool words_needs_quotes(const char *word, size_t length)
{
        unsigned char kinds = 0;

        if (!length || (length == 1 && *word == ';'))
                return true;
        for (size_t i = 0; i < length; i++)
                kinds |= character_kinds[(unsigned char)word[i]];
        return kinds & IS_QUOTED || (kinds & IS_HIGH && str_utf8_valid(word, length) != length);
}

static void quote_char(unsigned char c, struct strbuf *buf)
{
        static const char control[] = "\a\b\f\n\r\t\v";
        static const char letters[] = "abfnrtv";
        const char *found = strchr(control, c);

        if (c == '"' || c == '\\') {
                strbuf_append_char(buf, '\\');
                strbuf_append_char(buf, (char)c);
        } else if (found) {
                strbuf_append_char(buf, '\\');
                strbuf_append_char(buf, letters[found - control]);
        } else if (c < ' ' || c >= 0x7f) {
                strbuf_appendf(buf, "\\x%02x", c);
        } else {
                strbuf_append_char(buf, (char)c);
        }
}

void words_quote(const char *word, struct strbuf *buf)
{
        size_t length = strlen(word);

        if (!words_needs_quotes(word, length)) {
                strbuf_append_n(buf, word, length);
                return;
        }
        strbuf_append_char(buf, '"');
        for (size_t at = 0; at < length;) {
                size_t valid = str_utf8_valid(word + at, length - at);
                size_t stop = at + valid;

                for (; at < stop; at++) {
                        if ((unsigned char)word[at] >= 0x80)
                                strbuf_append_char(buf, word[at]);
                        else
                                quote_char((unsigned char)word[at], buf);
                }
                if (at < length)
                        quote_char((unsigned char)word[at++], buf);
        }
        strbuf_append_char(buf, '"');
}

static void words_separate(struct strbuf *line)
{
        if (line->length)
                strbuf_append_char(line, ' ');
}

void words_add(struct strbuf *line, const char *word)
{
        words_separate(line);
        words_quote(word, line);
}

/* Quotes are seldom needed: the word is put together where it belongs, and only then looked at. */
void words_add_all_parts(struct strbuf *line, const char *const *parts)
{
        AUTO_FREE char *word = NULL;
        size_t start;

        words_separate(line);
        start = line->length;
        for (; *parts; parts++)
                strbuf_append(line, *parts);
        if (!words_needs_quotes(line->data + start, line->length - start))
                return;
        word = str_dup(line->data + start);
        line->length = start;
        words_quote(word, line);
}

void words_add_text(struct strbuf *line, const char *text)
{
        words_separate(line);
        strbuf_append(line, text);
}
