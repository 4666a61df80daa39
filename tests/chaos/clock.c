/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For LD_PRELOAD: the clock of the day is wrong by $CHAOS_CLOCK seconds, and by as much the other
 * way at every second look, as if it were set again and again. The clock that only runs stays
 * right.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long jump(void)
{
        static unsigned looks;
        const char *text = getenv("CHAOS_CLOCK");
        long seconds = text ? strtol(text, NULL, 10) : 0;

        return looks++ % 2 ? -seconds : seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
        int result = (int)syscall(SYS_clock_gettime, clock, now);

        if (result == 0 && clock == CLOCK_REALTIME)
                now->tv_sec += jump();
        return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
        struct timespec fine;

        (void)zone;
        clock_gettime(CLOCK_REALTIME, &fine);
        now->tv_sec = fine.tv_sec;
        now->tv_usec = fine.tv_nsec / 1000;
        return 0;
}

time_t time(time_t *ret)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        if (ret)
                *ret = now.tv_sec;
        return now.tv_sec;
}
