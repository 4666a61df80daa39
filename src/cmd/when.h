/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points in time as people write them: --since and --until, and --filter until=. */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
        WHEN_SECOND = 1000000 /* in microseconds */
};

/*
 * Microseconds since the epoch of "10m", "1h30m" or "30d" (so long ago), "@SECONDS" or "SECONDS",
 * "2026-02-03T04:05:06Z" (or with "+01:00", or without: local time), "2026-02-03[ 04:05[:06]]",
 * "now", "today", "yesterday". option is for the message ("--since ", "--filter until="),
 * NULL where the caller says what it was about.
 */
int when_parse(const char *option, const char *text, uint64_t *ret_usec, struct error *err);

/* Only a time of the calendar; false where it is none. */
bool when_parse_calendar(const char *text, uint64_t *ret_usec);
