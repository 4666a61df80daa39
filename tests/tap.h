/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Test Anything Protocol for the C unit tests: check() as often as needed, `return tap_done();` at
 * the end of main. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count;
static int tap_failed;

static inline bool tap_result(bool passed, const char *file, int line, const char *what)
{
        printf("%sok %d - %s\n", passed ? "" : "not ", ++tap_count, what);
        if (!passed) {
                tap_failed++;
                printf("# at %s:%d\n", file, line);
        }
        fflush(stdout);
        return passed;
}

static inline bool tap_result_str(const char *got, const char *expected, const char *file, int line,
                                  const char *what)
{
        bool same = got == expected || (got && expected && strcmp(got, expected) == 0);

        if (!tap_result(same, file, line, what)) {
                printf("# got:      %s\n", got ? got : "(null)");
                printf("# expected: %s\n", expected ? expected : "(null)");
        }
        return same;
}

/* Names are what is shown to hold: check(list.count == 2, "both values are kept"). */
#define check(condition, what)         tap_result(condition, __FILE__, __LINE__, what)
#define check_str(got, expected, what) tap_result_str(got, expected, __FILE__, __LINE__, what)

static inline int tap_done(void)
{
        printf("1..%d\n", tap_count);
        return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
