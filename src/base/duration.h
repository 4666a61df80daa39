/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Spans of time as Podman's options have them: numbers with units, one behind the other ("1m30s",
 * "1.5s", "500ms"). Units are ns, us, µs, ms, s, m, h. "0" needs none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
        DURATION_MAX_MS = INT32_MAX /* 24 days; longer ones are refused */
};

/* In milliseconds, rounded down; false where text is no such span. */
bool duration_parse(const char *text, uint64_t *ret_ms);
