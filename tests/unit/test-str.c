/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/error.h"
#include "src/base/str.h"
#include "tests/tap.h"

#include <errno.h>

static void test_numbers(void)
{
        unsigned long long n = 7;

        check(str_to_u64("0", 10, &n) && n == 0, "zero is a number");
        check(str_to_u64("18446744073709551615", ~0ULL, &n) && n == ~0ULL, "the largest fits");
        check(!str_to_u64("18446744073709551616", ~0ULL, &n), "one more does not");
        check(str_to_u64("10", 10, &n) && n == 10, "the limit itself is allowed");
        check(!str_to_u64("11", 10, &n) && !str_to_u64("9", 8, &n), "beyond the limit is refused");
        check(!str_to_u64("", 10, &n) && !str_to_u64("-1", 10, &n) && !str_to_u64("1 ", 10, &n),
              "no empty text, no sign, no blanks");
}

static void test_utf8(void)
{
        check(str_utf8_valid("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10) == 10,
              "one to four bytes");
        check(str_utf8_valid("a\xc0\xaf", 3) == 1, "overlong form is refused");
        check(str_utf8_valid("\xed\xa0\x80", 3) == 0, "surrogate is refused");
        check(str_utf8_valid("\xf4\x90\x80\x80", 4) == 0, "beyond U+10FFFF is refused");
        check(str_utf8_valid("ab\xe2\x82", 4) == 2, "cut sequence is refused");
}

static void test_substitutes(void)
{
        AUTO_FREE char *twice = str_substitute("%a%", "%", "%%");
        AUTO_FREE char *none = str_substitute("a", "%i", "b");
        AUTO_FREE char *empty = str_substitute("", "%i", "b");

        check_str(twice, "%%a%%", "each part has its substitute, which is not looked at again");
        check_str(none, "a", "what has no such part stays");
        check_str(empty, "", "and so does nothing");
}

static void test_lists(void)
{
        AUTO_STRV struct strv list = { 0 };
        AUTO_FREE char *joined = NULL;

        strv_split(&list, "a::b", ":", true);
        check(list.count == 3 && *list.items[1] == '\0', "empty parts are kept where asked");
        strv_free(&list);
        strv_split(&list, "::a::b:", ":", false);
        joined = strv_join(&list, ",");
        check_str(joined, "a,b", "and dropped where not");
        check(strv_contains(&list, "b") && !strv_contains(&list, "c"), "contains");
        for (int i = 0; i < 100; i++)
                strv_appendf(&list, "%d", i);
        check(list.count == 102 && !list.items[102], "a list grows and stays NULL-terminated");
}

static void test_nearest(void)
{
        static const char *const words[] = { "Image", "Exec", "Environment", "ReadOnly", NULL };

        check_str(str_nearest("Imgae", words), "Image", "swapped letters");
        check_str(str_nearest("enviroment", words), "Environment",
                  "a missing letter and another case");
        check(!str_nearest("Xyzzy", words), "nothing near");
}

static void test_errors(void)
{
        AUTO_ERROR struct error err = { 0 };

        check(error_errno(&err, ENOENT, "cannot open %s", "x") == -1 && err.code == ENOENT,
              "an error keeps its code");
        error_wrap(&err, "loading %d", 1);
        check_str(err.message, "loading 1: cannot open x: No such file or directory",
                  "context goes in front");
        check(err.code == ENOENT, "and the code stays");
        check(error_set(NULL, 0, "nobody listens") == -1, "no error place is fine");
}

int main(void)
{
        test_numbers();
        test_utf8();
        test_substitutes();
        test_lists();
        test_nearest();
        test_errors();
        return tap_done();
}
