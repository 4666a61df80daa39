/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "when.h"

#include "../base/duration.h"
#include "../base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
        WHEN_DAY = 86400
};

/* "Z", "+01:00" or "-0530" behind a time; false where it is something else. */
static bool when_parse_zone(const char *text, long *ret_seconds)
{
        int hours = 0, minutes = 0, length = 0;

        if (str_equal(text, "Z")) {
                *ret_seconds = 0;
                return true;
        }
        if ((text[0] != '+' && text[0] != '-') ||
            (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 &&
             sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &length) != 2) ||
            text[1 + length])
                return false;
        *ret_seconds = (text[0] == '-' ? -1 : 1) * (hours * 3600L + minutes * 60L);
        return true;
}

bool when_parse_calendar(const char *text, uint64_t *ret_usec)
{
        static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
                                               "%Y-%m-%d %H:%M", "%Y-%m-%d" };
        double fraction = 0;

        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
                struct tm time = { .tm_isdst = -1 };
                const char *rest = strptime(text, formats[i], &time);
                char *end;
                long zone;
                time_t seconds;

                if (!rest)
                        continue;
                if (*rest == '.') {
                        fraction = strtod(rest, &end);
                        if (fraction >= 1)
                                return false;
                        rest = end;
                }
                if (*rest && !when_parse_zone(rest, &zone))
                        continue;
                seconds = *rest ? timegm(&time) - zone : mktime(&time);
                if (seconds < 0)
                        return false;
                *ret_usec = (uint64_t)seconds * WHEN_SECOND + (uint64_t)(fraction * WHEN_SECOND);
                return true;
        }
        return false;
}

static bool when_parse_word(const char *text, uint64_t *ret)
{
        time_t now = time(NULL);
        struct tm local;

        if (str_equal(text, "now")) {
                *ret = (uint64_t)now * WHEN_SECOND;
                return true;
        }
        if (!str_equal(text, "today") && !str_equal(text, "yesterday"))
                return false;
        if (*text == 'y')
                now -= WHEN_DAY;
        localtime_r(&now, &local);
        local.tm_hour = local.tm_min = local.tm_sec = 0;
        local.tm_isdst = -1;
        *ret = (uint64_t)mktime(&local) * WHEN_SECOND;
        return true;
}

int when_parse(const char *option, const char *text, uint64_t *ret_usec, struct error *err)
{
        const char *number = *text == '@' ? text + 1 : text;
        unsigned long long seconds;
        struct timespec now;
        uint64_t ago, span;

        clock_gettime(CLOCK_REALTIME, &now);
        if (str_to_u64(number, INT64_MAX / WHEN_SECOND, &seconds)) {
                *ret_usec = seconds * WHEN_SECOND;
                return 0;
        }
        if (duration_parse_age(text, &span)) {
                ago = span * 1000;
                *ret_usec = (uint64_t)now.tv_sec * WHEN_SECOND + (uint64_t)now.tv_nsec / 1000;
                *ret_usec -= ago < *ret_usec ? ago : *ret_usec;
                return 0;
        }
        if (when_parse_word(text, ret_usec) || when_parse_calendar(text, ret_usec))
                return 0;
        error_set(err, EINVAL, "neither a span of time (10m) nor a time (2026-02-03T04:05:06Z)");
        return option ? error_wrap(err, "%s%s", option, text) : -1;
}
