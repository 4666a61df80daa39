/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/unit/reader.h"
#include "../tap.h"

static int parse_n(struct unit_file *file, const char *text, size_t length, struct error *err)
{
        char *copy = alloc_zero(length + 1, 1);

        memcpy(copy, text, length);
        return unit_parse(file, "f", copy, length, err);
}

static int parse(struct unit_file *file, const char *text, struct error *err)
{
        return parse_n(file, text, strlen(text), err);
}

static char *written(const struct unit_file *file)
{
        struct strbuf buf = { 0 };

        unit_write(file, &buf);
        return strbuf_steal(&buf);
}

/* What is written after reading input. */
static void check_text(const char *input, const char *expected, const char *what)
{
        AUTO_UNIT struct unit_file file = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *text = NULL;

        check(parse(&file, input, &err) == 0, what);
        text = written(&file);
        check_str(text, expected, what);
}

/* The message with its place in front. */
static char *said(const struct error *err)
{
        return str_format("%s:%u: %s", err->place.path, err->place.line, err->message);
}

static void check_error(const char *input, size_t length, const char *expected, const char *what)
{
        AUTO_UNIT struct unit_file file = { 0 };
        AUTO_ERROR struct error err = { 0 };

        AUTO_FREE char *text = NULL;

        check(parse_n(&file, input, length, &err) < 0, what);
        text = said(&err);
        check_str(text, expected, what);
        check(file.count == 0, "nothing of a bad file is kept");
}

static void test_dialect(void)
{
        check_text("[A]\nB=c\n", "[A]\nB=c\n", "a key in a section");
        check_text("[A]\nB=c", "[A]\nB=c\n", "no newline at the end");
        check_text("  [A]  \r\n\tB = c d \r\n", "[A]\nB=c d\n", "blanks and CR are trimmed");
        check_text("\xef\xbb\xbf[A]\nB=\n", "[A]\nB=\n", "a byte order mark is skipped");
        check_text("# x\n\n; y\n[A]\n# z\nB=c\n# end\n", "# x\n\n; y\n[A]\n# z\nB=c\n# end\n",
                   "comments and empty lines are kept");
        check_text("# x\n", "# x\n", "a file of comments");
        check_text("", "", "an empty file");
        check_text("[A]\nB=c\\\nd \\\n  e\n", "[A]\nB=cd e\n", "lines are continued");
        check_text("[A]\nB=c\\\n# x\n\n;y\nd\n", "[A]\nB=cd\n", "comments inside are skipped");
        check_text("[A]\nB=c\\   \nd\n", "[A]\nB=cd\n", "blanks behind the backslash");
        check_text("[A]\nB=c\\", "[A]\nB=c\n", "a backslash at the end of the file");
        check_text("[A]\n\\\n", "[A]\n", "nothing but a backslash");
        check_text("[A]\nB=1\n[C]\nD=2\n[A]\nB=3\n", "[A]\nB=1\nB=3\n\n[C]\nD=2\n",
                   "sections are merged");
        check_text("[A]\nB=c=d\n", "[A]\nB=c=d\n", "only the first = counts");
}

static void test_errors(void)
{
        check_error("[A]\nB\n", 6, "f:2: 'B' is not KEY=VALUE, a [section] or a comment",
                    "no equals sign");
        check_error("B=c\n", 4, "f:1: key before the first [section]", "no section");
        check_error("[A]\n\n =c\n", 9, "f:3: no key in front of '='", "no key");
        check_error("[A\n", 3, "f:1: section header without ']'", "an open header");
        check_error("[]\n", 3, "f:1: not a section name", "an empty header");
        check_error("[A[B]\n", 6, "f:1: not a section name", "brackets in a name");
        check_error("[A]\nB=\0c\n", 9, "f:2: NUL byte", "a NUL byte");
        check_error("[A]\nB=\xc0\x80\n", 9, "f:2: not valid UTF-8", "overlong UTF-8");
        check_error("[A]\nB=c\\\nd\nE\n", 13, "f:4: 'E' is not KEY=VALUE, a [section] or a comment",
                    "lines are counted through continuations");
}

static void test_long_line(void)
{
        AUTO_UNIT struct unit_file file = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRBUF struct strbuf text = { 0 };

        strbuf_append(&text, "[A]\nB=");
        for (int i = 0; i < UNIT_LINE_MAX - 2; i++)
                strbuf_append_char(&text, 'x');
        check(parse(&file, text.data, &err) == 0, "a line of 1 MiB");
        check(strlen(unit_last_value(&file, "A", "B")) == UNIT_LINE_MAX - 2, "is kept whole");
        strbuf_append_char(&text, 'x');
        check(parse(&file, text.data, &err) < 0, "a longer line is refused");
        check_str(err.message, "line of more than 1 MiB", "with the reason");
        check(err.place.line == 2, "and its number");
}

static void check_place(const struct error_place place, unsigned line, unsigned column,
                        const char *what)
{
        check_str(place.path, "f", what);
        check(place.line == line && place.column == column, what);
}

static void test_places(void)
{
        AUTO_UNIT struct unit_file file = { 0 };
        AUTO_ERROR struct error err = { 0 };
        const struct unit_line *line;

        check(parse(&file, "[A]\n  B = c\nD=\\\n e\n", &err) == 0, "a file to point into");
        line = unit_last(&file, "A", "B");
        check_place(unit_key_place(line), 2, 3, "where a key is");
        check_place(unit_value_place(line), 2, 7, "where its value is");
        check_place(unit_value_place(unit_last(&file, "A", "D")), 3, 3,
                    "a value on the next line begins at the end of the first");
        unit_error(&err, line, "no %s", "good");
        check_place(err.place, 2, 7, "an error has the place of the value");
        check_str(err.message, "no good", "and a message without it");
        unit_add(&file, "A", "X", "y");
        check(!unit_key_place(unit_last(&file, "A", "X")).path, "what we add is nowhere");
        check(!unit_key_place(NULL).path, "as is no line");
}

static void test_changes(void)
{
        AUTO_UNIT struct unit_file file = { 0 };
        AUTO_UNIT struct unit_file copy = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *text = NULL;
        AUTO_FREE char *before = NULL;

        parse(&file, "[A]\nB=1\nB=2\n[X-A]\nY=1\n", &err);
        check_str(unit_last_value(&file, "A", "B"), "2", "the last value");
        check(unit_last(&file, "A", "b") == NULL, "keys are case sensitive");
        check(unit_last_value(&file, "Z", "B") == NULL, "a section that is not there");
        check(unit_last(&file, "A", "B")->number == 3, "lines know their number");
        check(parse(&file, "[A]\nbroken\n", &err) < 0, "a broken addition");
        before = written(&file);
        check_str(before, "[A]\nB=1\nB=2\n\n[X-A]\nY=1\n", "leaves the file as it was");
        unit_borrow(&file, &copy);
        unit_prepend(&copy, "A", "First", "0");
        unit_add(&copy, "New", "K", "v");
        unit_rename(&copy, "A", "X-A");
        text = written(&copy);
        check_str(text, "[X-A]\nY=1\nFirst=0\nB=1\nB=2\n\n[New]\nK=v\n", "changes of a copy");
}

int main(void)
{
        test_dialect();
        test_errors();
        test_long_line();
        test_places();
        test_changes();
        return tap_done();
}
