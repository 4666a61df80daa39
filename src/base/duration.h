/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Spans of time as Podman's options have them: numbers with units, one behind the other ("1m30s",
 * "1.5s", "500ms"). Units are ns, us, µs, ms, s, m, h. "0" needs none. How long ago something was
 * is a span as well, which may be in days (d), and be long.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
        DURATION_MAX_MS = INT32_MAX, /* 24 days; longer ones are refused */
        DURATION_MAX_AGE_YEARS = 1000,
};

/* In milliseconds, rounded down; false where text is no such span. */
bool duration_parse(const char *text, uint64_t *ret_ms);
bool duration_parse_age(const char *text, uint64_t *ret_ms);
