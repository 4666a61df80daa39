/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/tap.h"

#include "src/base/json.h"
#include "src/base/printable.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void masked(const char *text, const char *keep, const char *expected, const char *what)
{
        char *copy = strdup(text);

        printable_mask(copy, keep);
        check_str(copy, expected, what);
        free(copy);
}

static void test_mask(void)
{
        masked("a\x1b[31mb\nc\td\x7f", "", "a?[31mb?c?d?", "C0 and DEL");
        masked("a\nb\tc\r", "\n\t", "a\nb\tc?", "but those that are to stay");
        masked("\x1b]0;title\x07\x1bP0q\x1b\\", "", "?]0;title??P0q?\\", "titles, graphics");
        masked("\xc2\x80\xc2\x9b"
               "31m\xc2\xa0",
               "", "??31m\xc2\xa0", "C1 in UTF-8, and what comes behind it");
        masked("\x9b"
               "31m\x80\xff",
               "", "?31m??", "C1 in bytes");
        masked("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x90\x8b", "",
               "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x90\x8b", "words stay");
        masked("\xef\xbf\xbd", "", "\xef\xbf\xbd", "U+FFFD may be said");
        masked("cut \xe6\xbc", "", "cut ??", "a character that is cut off");
        masked("\xc0\x9b \xe0\x80\x9b \xed\xa0\x80 \xf5\x80\x80\x80", "", "?? ??? ??? ????",
               "overlong, surrogates, too high");
}

static void test_directions(void)
{
        masked("a\xe2\x80\xae"
               "cod.exe\xe2\x80\xac",
               "", "a?cod.exe?", "overrides of direction");
        masked("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8f\xd8\x9c", "", "????", "isolates and marks");
        masked("a\xe2\x80\xa8"
               "b\xe2\x80\xa9"
               "c",
               "", "a?b?c", "separators of lines");
        masked("\xf3\xa0\x81\xa1", "", "?", "tags, which nobody sees");
}

static void test_json(void)
{
        static const char text[] = "{\"k\":\"\x1b\x7f\xc2\x9b\xe2\x80\xae\x9b\\n\xc3\xa4\"}";
        char *made = printable_json("\"a\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\xa1\xff\xc3\xa4\"\n");
        struct json_object *object, *again = NULL, *value = NULL;
        char *shown;

        check_str(made, "\"a\\u007f\\u009b\\u202e\\udb40\\udc61\\ufffd\xc3\xa4\"\n",
                  "as JSON puts it");
        free(made);
        object = json_object_new_object();
        json_object_object_add(object, "k", json_object_new_string(text));
        shown = json_shown(object);
        made = strdup(shown);
        printable_mask(made, "\n");
        check_str(made, shown, "nothing in shown JSON is to be masked");
        check(json_parse(shown, strlen(shown), "shown", &again, NULL) == 0 &&
                      json_object_object_get_ex(again, "k", &value) &&
                      strstr(json_object_get_string(value), "\x1b\x7f\xc2\x9b\xe2\x80\xae"),
              "and read again it is what it was");
        json_object_put(again);
        json_object_put(object);
        free(shown);
        free(made);
}

/* What is printed, through a pipe. */
static void test_line(void)
{
        int ends[2], saved = dup(STDOUT_FILENO);
        char buffer[64] = "";

        fflush(stdout);
        if (pipe(ends) < 0 || dup2(ends[1], STDOUT_FILENO) < 0)
                abort();
        printable_line("%s: %d", "a\nb\x1b\tc", 7);
        fflush(stdout);
        dup2(saved, STDOUT_FILENO);
        check(read(ends[0], buffer, sizeof buffer - 1) > 0, "a line is printed");
        check_str(buffer, "a?b?\tc: 7\n", "and is one line, with its tabs");
        close(saved);
        close(ends[0]);
        close(ends[1]);
}

int main(void)
{
        test_mask();
        test_directions();
        test_json();
        test_line();
        return tap_done();
}
