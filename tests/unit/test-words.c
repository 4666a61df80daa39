/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/unit/words.h"
#include "../tap.h"

/* Words are shown with | between them. */
static void check_split(const char *line, enum words_escape escape, const char *expected)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *joined = NULL;

        if (words_split(line, escape, &words, NULL, &err) < 0) {
                check_str(err.message, expected, line);
                return;
        }
        joined = strv_join(&words, "|");
        check_str(joined, expected, *line ? line : "empty");
}

static void test_split(void)
{
        check_split("", WORDS_DECODE, "");
        check_split("  a\tb  ", WORDS_DECODE, "a|b");
        check_split("a \"\" b ''", WORDS_DECODE, "a||b|");
        check_split("\"a b\" 'c d' e\"f g\"h", WORDS_DECODE, "a b|c d|ef gh");
        check_split("\"it's\" '\"'", WORDS_DECODE, "it's|\"");
        check_split("a\\\"b 'c\\'d' \"e\\sf\"", WORDS_DECODE, "a\"b|c'd|e f");
        check_split("\\a\\b\\f\\n\\r\\t\\v\\\\", WORDS_DECODE, "\a\b\f\n\r\t\v\\");
        check_split("\\x41\\102\\u00e4\\U0001f600\\u20ac", WORDS_DECODE,
                    "AB\xc3\xa4\xf0\x9f\x98\x80\xe2\x82\xac");
        check_split("a\\q 'b\\n'", WORDS_LITERAL, "a\\q|b\\n");
        check_split("a 'open b", WORDS_DECODE, "a|open b");
        check_split("$A ${B} %i $$", WORDS_DECODE, "$A|${B}|%i|$$");
        check_split("\\q", WORDS_DECODE, "unknown escape '\\q' (for a backslash, write two)");
        check_split("'\\", WORDS_DECODE, "a single backslash at the end");
        check_split("\\x4", WORDS_DECODE, "unknown escape '\\x' (for a backslash, write two)");
        check_split("\\0", WORDS_DECODE, "unknown escape '\\0' (for a backslash, write two)");
        check_split("\\x00", WORDS_DECODE, "unknown escape '\\x' (for a backslash, write two)");
        check_split("\\ud800", WORDS_DECODE, "unknown escape '\\u' (for a backslash, write two)");
        check_split("\\U00110000", WORDS_DECODE,
                    "unknown escape '\\U' (for a backslash, write two)");
        check_split("\\400", WORDS_DECODE, "unknown escape '\\4' (for a backslash, write two)");
}

static void test_open_quote(void)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_ERROR struct error err = { 0 };
        bool open = false;

        words_split("'a' \"b\"", WORDS_DECODE, &words, &open, &err);
        check(!open, "quotes that are closed");
        words_split("'a", WORDS_DECODE, &words, &open, &err);
        check(open, "a quote that is not closed");
}

static void check_quote(const char *word, const char *expected)
{
        AUTO_STRBUF struct strbuf buf = { 0 };
        AUTO_STRV struct strv words = { 0 };
        AUTO_ERROR struct error err = { 0 };

        words_quote(word, &buf);
        check_str(buf.data, expected, expected);
        check(words_split(buf.data, WORDS_DECODE, &words, NULL, &err) == 0 && words.count == 1 &&
                      str_equal(words.items[0], word),
              "and back");
}

static void test_quote(void)
{
        check_quote("plain", "plain");
        check_quote("", "\"\"");
        check_quote(";", "\";\"");
        check_quote("a;b", "a;b");
        check_quote("a b", "\"a b\"");
        check_quote("it's", "\"it's\"");
        check_quote("a\"b\\c", "\"a\\\"b\\\\c\"");
        check_quote("\a\b\f\n\r\t\v\x01\x7f", "\"\\a\\b\\f\\n\\r\\t\\v\\x01\\x7f\"");
        check_quote("\xc3\xa4", "\xc3\xa4");
        check_quote("\xff \xc3\xa4", "\"\\xff \xc3\xa4\"");
        check_quote("$A%i", "$A%i");
}

/* Every byte survives the way out and back. */
static void test_round_trip(void)
{
        char word[256];

        for (int i = 1; i < 256; i++)
                word[i - 1] = (char)i;
        word[255] = '\0';
        {
                AUTO_STRBUF struct strbuf buf = { 0 };
                AUTO_STRV struct strv words = { 0 };
                AUTO_ERROR struct error err = { 0 };

                words_quote(word, &buf);
                check(words_split(buf.data, WORDS_DECODE, &words, NULL, &err) == 0 &&
                              words.count == 1,
                      "all bytes are one word");
                check(words.count == 1 && str_equal(words.items[0], word), "the same word");
                check(str_utf8_valid(buf.data, buf.length) == buf.length, "in valid UTF-8");
        }
}

static void test_add(void)
{
        AUTO_STRBUF struct strbuf line = { 0 };

        words_add(&line, "");
        words_add(&line, "a b");
        words_add_text(&line, "network rm");
        words_add_parts(&line, "c", "=", "d e");
        check_str(line.data, "\"\" \"a b\" network rm \"c=d e\"", "words come together on a line");
}

int main(void)
{
        test_split();
        test_open_quote();
        test_quote();
        test_round_trip();
        test_add();
        return tap_done();
}
