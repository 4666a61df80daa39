/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points in time as people write them: --since and --until. */
#pragma once

#include "../base/error.h"

#include <stdint.h>

/*
 * Microseconds since the epoch of "10m" or "1h30m" (so long ago), "@SECONDS" or "SECONDS",
 * "2026-02-03T04:05:06Z" (or with "+01:00", or without: local time), "2026-02-03[ 04:05[:06]]",
 * "now", "today", "yesterday". option is for the message.
 */
int when_parse(const char *option, const char *text, uint64_t *ret_usec, struct error *err);
