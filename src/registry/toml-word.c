/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values without quotes: booleans, numbers, dates and times. */
#include "toml-scan.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#define TOML_DIGITS "0123456789"

/* Digits of that set, single underscores between them; they are appended without. */
static bool toml_take_digits(const char **word, const char *set, struct strbuf *digits)
{
        for (;;) {
                size_t length = strspn(*word, set);

                if (!length)
                        return false;
                strbuf_append_n(digits, *word, length);
                *word += length;
                if (**word != '_')
                        return true;
                (*word)++;
        }
}

static struct json_object *toml_parse_based(const char *word)
{
        static const struct {
                const char *prefix, *digits;
                int base;
        } bases[] = {
                { "0x", "0123456789abcdefABCDEF", 16 },
                { "0o", "01234567", 8 },
                { "0b", "01", 2 },
        };

        for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
                const char *rest = str_after(word, bases[i].prefix);
                AUTO_STRBUF struct strbuf digits = { 0 };
                int64_t value;

                if (!rest)
                        continue;
                if (!toml_take_digits(&rest, bases[i].digits, &digits) || *rest)
                        return NULL;
                errno = 0;
                value = strtoll(digits.data, NULL, bases[i].base);
                return errno ? NULL : json_object_new_int64(value);
        }
        return NULL;
}

/* [+-]DIGITS[.DIGITS][e[+-]DIGITS], no zero in front of other digits. */
static struct json_object *toml_parse_decimal(const char *word)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        const char *rest = word;
        bool whole = true;
        size_t sign = 0;

        if (*rest == '+' || *rest == '-') {
                strbuf_append_char(&text, *rest++);
                sign = 1;
        }
        if (!toml_take_digits(&rest, TOML_DIGITS, &text) ||
            (text.data[sign] == '0' && text.length > sign + 1))
                return NULL;
        if (*rest == '.') {
                strbuf_append_char(&text, *rest++);
                whole = false;
                if (!toml_take_digits(&rest, TOML_DIGITS, &text))
                        return NULL;
        }
        if (*rest == 'e' || *rest == 'E') {
                strbuf_append_char(&text, *rest++);
                whole = false;
                if (*rest == '+' || *rest == '-')
                        strbuf_append_char(&text, *rest++);
                if (!toml_take_digits(&rest, TOML_DIGITS, &text))
                        return NULL;
        }
        if (*rest)
                return NULL;
        if (whole) {
                int64_t value;

                errno = 0;
                value = strtoll(text.data, NULL, 10);
                return errno ? NULL : json_object_new_int64(value);
        }
        return json_object_new_double(strtod(text.data, NULL));
}

static struct json_object *toml_parse_name(const char *word)
{
        bool negative = *word == '-';

        if (str_equal(word, "true") || str_equal(word, "false"))
                return json_object_new_boolean(*word == 't');
        if (*word == '-' || *word == '+')
                word++;
        if (str_equal(word, "inf"))
                return json_object_new_double(negative ? -(double)INFINITY : (double)INFINITY);
        if (str_equal(word, "nan"))
                return json_object_new_double((double)NAN);
        return NULL;
}

/* Does text begin with pattern, in which 0 is any digit? Returns what is behind, or NULL. */
static const char *toml_match(const char *text, const char *pattern)
{
        for (; *pattern; text++, pattern++)
                if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
                        return NULL;
        return text;
}

static int toml_two_digits(const char *text)
{
        return (text[0] - '0') * 10 + text[1] - '0';
}

static const char *toml_take_time(const char *text)
{
        const char *rest = toml_match(text, "00:00:00");

        if (!rest || toml_two_digits(text) > 23 || toml_two_digits(text + 3) > 59 ||
            toml_two_digits(text + 6) > 60)
                return NULL;
        if (*rest == '.') {
                size_t digits = strspn(rest + 1, TOML_DIGITS);

                return digits ? rest + 1 + digits : NULL;
        }
        return rest;
}

static const char *toml_take_offset(const char *text)
{
        if (*text == 'Z' || *text == 'z')
                return text + 1;
        if (*text != '+' && *text != '-')
                return text;
        if (!toml_match(text + 1, "00:00") || toml_two_digits(text + 1) > 23 ||
            toml_two_digits(text + 4) > 59)
                return NULL;
        return text + strlen("+00:00");
}

static int toml_days(const char *date)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int year = toml_two_digits(date) * 100 + toml_two_digits(date + 2);
        int month = toml_two_digits(date + 5);

        if (month < 1 || month > 12)
                return 0;
        return days[month - 1] +
               (month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
}

/* DATE, TIME, DATE(T| )TIME[OFFSET] as they stand. */
static struct json_object *toml_parse_date(const char *word)
{
        const char *rest = toml_match(word, "0000-00-00");

        if (!rest) {
                rest = toml_take_time(word);
        } else {
                int day = toml_two_digits(word + 8);

                if (day < 1 || day > toml_days(word))
                        return NULL;
                if (*rest && strchr("Tt ", *rest) && (rest = toml_take_time(rest + 1)))
                        rest = toml_take_offset(rest);
        }
        return rest && !*rest ? json_object_new_string(word) : NULL;
}

/* A blank inside a word is only found between a date and a time. */
static size_t toml_word_length(const char *at)
{
        static const char set[] = TOML_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "+-_.:";
        size_t length = strspn(at, set);

        if (length == strlen("0000-00-00") && toml_match(at, "0000-00-00 00:"))
                length += 1 + strspn(at + length + 1, set);
        return length;
}

int toml_take_word(struct toml_scan *scan, struct json_object **ret)
{
        static struct json_object *(*const parsers[])(const char *word) = {
                toml_parse_name, toml_parse_based, toml_parse_decimal, toml_parse_date
        };
        size_t length = toml_word_length(scan->at);
        AUTO_FREE char *word = str_dupn(scan->at, length);

        if (!length)
                return toml_fail(scan, "a value is missing");
        for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++) {
                struct json_object *value = parsers[i](word);

                if (value) {
                        scan->at += length;
                        *ret = value;
                        return 0;
                }
        }
        return toml_fail(scan, "'%.60s' is not a value; strings stand in quotes", word);
}
