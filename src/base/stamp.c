/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stamp.h"

#include "str.h"

#include <stdlib.h>
#include <sys/random.h>

char *stamp_new_id(unsigned digits)
{
        unsigned char random[STAMP_ID_DIGITS / 2];
        AUTO_STRBUF struct strbuf id = { 0 };

        if (getrandom(random, sizeof random, 0) != sizeof random)
                abort();
        for (size_t i = 0; i < sizeof random; i++)
                strbuf_appendf(&id, "%02x", random[i]);
        return str_dupn(id.data, digits);
}

char *stamp_time(const struct timespec *time)
{
        struct tm utc;
        char text[32];

        gmtime_r(&time->tv_sec, &utc);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
        return str_format("%s.%09ldZ", text, time->tv_nsec);
}

char *stamp_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return stamp_time(&now);
}
