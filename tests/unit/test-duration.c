/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/duration.h"
#include "tests/tap.h"

static const struct {
        const char *text;
        uint64_t milliseconds;
} good[] = {
        { "0", 0 },
        { "0s", 0 },
        { "2s", 2000 },
        { "500ms", 500 },
        { "1.5s", 1500 },
        { "1m30s", 90000 },
        { "2h", 7200000 },
        { ".5s", 500 },
        { "1us", 0 },
        { "1500µs", 1 },
        { "0.001s", 1 },
        { "1h1m1s1ms", 3661001 },
        { "596h", 2145600000 },
};

static const char *const bad[] = { "",     "1",    "s",    "1x",
                                   "-1s",  "1s ",  " 1s",  "1 s",
                                   "1.s.", "1s1",  ".",    ".s",
                                   "597h", "1e3s", "0x1s", "99999999999999999999h" };

int main(void)
{
        for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
                uint64_t got = 12345;

                check(duration_parse(good[i].text, &got) && got == good[i].milliseconds,
                      good[i].text);
        }
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                uint64_t got = 12345;

                check(!duration_parse(bad[i], &got) && got == 12345, bad[i]);
        }
        return tap_done();
}
