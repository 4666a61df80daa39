/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as the options have them: a number, perhaps with a fraction, and b, k, m, g, t or p (powers
 * of 1024; KB, KiB and capitals mean the same). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* False where text is no size or does not fit into 63 bits. */
bool size_parse(const char *text, uint64_t *ret_bytes);
