/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of numbers below 256, a bit for each. Start with { 0 }. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        BYTE_SET_SIZE = 256,
        BYTE_SET_WORDS = BYTE_SET_SIZE / 64
};

struct byte_set {
        uint64_t words[BYTE_SET_WORDS];
};

static inline void byte_set_add(struct byte_set *set, size_t number)
{
        set->words[number / 64] |= UINT64_C(1) << number % 64;
}

static inline bool byte_set_has(const struct byte_set *set, size_t number)
{
        return set->words[number / 64] >> number % 64 & 1;
}

static inline void byte_set_add_all(struct byte_set *set, const struct byte_set *from)
{
        for (size_t i = 0; i < BYTE_SET_WORDS; i++)
                set->words[i] |= from->words[i];
}
