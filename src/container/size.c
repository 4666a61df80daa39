/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "size.h"

#include "../base/str.h"

#include <strings.h>

/* The power of 1024 a unit stands for, or -1. */
static int size_unit(const char *unit)
{
        static const char letters[] = "bkmgtp";
        const char *found;

        if (!*unit)
                return 0;
        found = strchr(letters, *unit | 0x20);
        if (!found)
                return -1;
        if (unit[1] && (found == letters ||
                        (strcasecmp(unit + 1, "b") != 0 && strcasecmp(unit + 1, "ib") != 0)))
                return -1;
        return (int)(found - letters);
}

bool size_parse(const char *text, uint64_t *ret_bytes)
{
        size_t digits = strspn(text, "0123456789");
        size_t length = digits;
        AUTO_FREE char *whole = str_dupn(text, digits);
        unsigned long long value;
        uint64_t fraction = 0, scale = 1;
        int power;

        if (!str_to_u64(whole, INT64_MAX, &value))
                return false;
        if (text[length] == '.') {
                size_t first = ++length;

                for (; text[length] >= '0' && text[length] <= '9'; length++) {
                        if (length - first < 3) {
                                fraction = fraction * 10 + (uint64_t)(text[length] - '0');
                                scale *= 10;
                        }
                }
                if (length == first)
                        return false;
        }
        power = size_unit(text + length);
        if (power < 0 || (power > 0 && value > (uint64_t)INT64_MAX >> (10 * power)))
                return false;
        *ret_bytes = (value << (10 * power)) + (fraction << (10 * power)) / scale;
        return *ret_bytes <= INT64_MAX;
}
