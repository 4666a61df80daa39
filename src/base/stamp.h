/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What things are marked with when they are made. */
#pragma once

#include <time.h>

enum {
        STAMP_ID_DIGITS = 64
};

/* So many hexadecimal digits (at most STAMP_ID_DIGITS) that nothing else has. Owned by the caller.
 */
char *stamp_new_id(unsigned digits);

/* A moment in UTC, as in RFC 3339, to the nanosecond. Owned by the caller. */
char *stamp_time(const struct timespec *time);

/* This moment. */
char *stamp_now(void);
