/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/cmd/when.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND UINT64_C(1000000)

static void is(const char *text, uint64_t wanted)
{
        uint64_t usec = 0;

        check(when_parse("--since ", text, &usec, NULL) == 0 && usec == wanted, text);
}

/* So many seconds ago, but for the time the test takes. */
static void is_ago(const char *text, uint64_t seconds)
{
        uint64_t usec = 0, now = (uint64_t)time(NULL);

        check(when_parse("--since ", text, &usec, NULL) == 0 &&
                      usec / SECOND >= now - seconds - 1 && usec / SECOND <= now - seconds + 600,
              text);
}

static void refused(const char *text)
{
        struct error err = { 0 };
        uint64_t usec = 0;

        check(when_parse("--since ", text, &usec, &err) < 0 && err.message &&
                      strstr(err.message, "--since "),
              text);
        error_clear(&err);
}

int main(void)
{
        setenv("TZ", "UTC-2", 1); /* two hours east of Greenwich */
        tzset();
        is("@1700000000", 1700000000 * SECOND);
        is("1700000000", 1700000000 * SECOND);
        is("2023-11-14T22:13:20Z", 1700000000 * SECOND);
        is("2023-11-14T22:13:20.25Z", 1700000000 * SECOND + SECOND / 4);
        is("2023-11-14T23:13:20+01:00", 1700000000 * SECOND);
        is("2023-11-14T16:43:20-0530", 1700000000 * SECOND);
        is("2023-11-15T00:13:20", 1700000000 * SECOND);
        is("2023-11-15 00:13:20", 1700000000 * SECOND);
        is("2023-11-15 00:13", 1699999980 * SECOND);
        is("2023-11-15", 1699999200 * SECOND);
        is_ago("10m", 600);
        is_ago("1h30m", 5400);
        is_ago("720h", 30 * 86400);
        is_ago("30d", 30 * 86400);
        is_ago("1d12h", 36 * 3600);
        is_ago("now", 0);
        is("1000000h", 0);
        refused("");
        refused("last spring");
        refused("2023-11-15x");
        refused("2023-11-14T22:13:20+1");
        refused("10 m");
        refused("9999999999h");
        refused("2023-11-14T22:13:20.1e9Z");
        refused("@");
        return tap_done();
}
