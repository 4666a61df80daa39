/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/journal.h"
#include "tests/tap.h"

static void format(const char *what, const char *const *fields, const char *expected, size_t length)
{
        AUTO_STRV struct strv list = { 0 };
        AUTO_STRBUF struct strbuf got = { 0 };

        for (; *fields; fields++)
                strv_append(&list, *fields);
        journal_format(&list, &got);
        check(got.length == length && memcmp(got.data ? got.data : "", expected, length) == 0,
              what);
}

int main(void)
{
        static const char lines[] = "MESSAGE\n\7\0\0\0\0\0\0\0one\ntwo\nPRIORITY=5\n";

        format("a line for each field",
               (const char *const[]){ "MESSAGE=well", "PRIORITY=5", "EMPTY=", NULL },
               "MESSAGE=well\nPRIORITY=5\nEMPTY=\n", 31);
        format("lines in a value have their length in front",
               (const char *const[]){ "MESSAGE=one\ntwo", "PRIORITY=5", NULL }, lines,
               sizeof lines - 1);
        format("what has no name is none", (const char *const[]){ "MESSAGE", "=x", NULL }, "", 0);
        return tap_done();
}
