/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "duration.h"

#include "str.h"

enum {
        DURATION_YEAR_DAYS = 366,
};

#define DURATION_DAY (24 * 3600 * 1e3) /* milliseconds */

struct duration_unit {
        const char *name;
        double milliseconds;
        bool age_only;
};

/* The longer name stands before the one it begins with. */
static const struct duration_unit duration_units[] = {
        { "ns", 1e-6 },    { "us", 1e-3 },      { "µs", 1e-3 },
        { "μs", 1e-3 },    { "ms", 1 },         { "s", 1e3 },
        { "m", 60 * 1e3 }, { "h", 3600 * 1e3 }, { "d", DURATION_DAY, true },
};

static const char *duration_take_number(const char *text, double *ret)
{
        double value = 0, digit = 1;
        size_t digits = 0;

        for (; *text >= '0' && *text <= '9'; text++, digits++)
                value = value * 10 + (*text - '0');
        if (*text == '.')
                for (text++; *text >= '0' && *text <= '9'; text++, digits++)
                        value += (*text - '0') * (digit /= 10);
        *ret = value;
        return digits ? text : NULL;
}

static const char *duration_take_unit(const char *text, bool age, double *ret)
{
        for (size_t i = 0; i < sizeof duration_units / sizeof *duration_units; i++) {
                const char *rest = str_after(text, duration_units[i].name);

                if (rest && (age || !duration_units[i].age_only)) {
                        *ret = duration_units[i].milliseconds;
                        return rest;
                }
        }
        return NULL;
}

static bool duration_sum(const char *text, bool age, double limit, uint64_t *ret_ms)
{
        double sum = 0;

        if (str_equal(text, "0")) {
                *ret_ms = 0;
                return true;
        }
        do {
                double value, unit;

                if (!(text = duration_take_number(text, &value)) ||
                    !(text = duration_take_unit(text, age, &unit)))
                        return false;
                sum += value * unit;
                if (sum > limit)
                        return false;
        } while (*text);
        *ret_ms = (uint64_t)(sum + 1e-6);
        return true;
}

bool duration_parse(const char *text, uint64_t *ret_ms)
{
        return duration_sum(text, false, DURATION_MAX_MS, ret_ms);
}

bool duration_parse_age(const char *text, uint64_t *ret_ms)
{
        return duration_sum(text, true, DURATION_MAX_AGE_YEARS * DURATION_YEAR_DAYS * DURATION_DAY,
                            ret_ms);
}
