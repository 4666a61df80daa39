/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "limit-values.h"

#include "../base/str.h"

#include <stdlib.h>

int limit_parse_size(const char *text, uint64_t *ret, struct error *err)
{
        static const char units[] = "bkmgtp";
        char *end = NULL;
        double number;
        unsigned shift = 0;

        number = *text >= '0' && *text <= '9' ? strtod(text, &end) : -1;
        if (number < 0 || strspn(text, "0123456789.") != (size_t)(end - text))
                return error_set(err, 0, "not a size (a number and one of b k m g)");
        if (*end) {
                const char *unit = strchr(units, *end | 0x20);

                if (!unit)
                        return error_set(err, 0, "not a size (a number and one of b k m g)");
                shift = (unsigned)(unit - units) * 10;
                end++;
        }
        if (shift && str_equal_nocase(end, "ib"))
                end += 2;
        else if (shift && str_equal_nocase(end, "b"))
                end++;
        number *= (double)(1ull << shift);
        if (*end || number >= 9.2e18)
                return error_set(err, 0, "not a size (a number and one of b k m g)");
        *ret = (uint64_t)number;
        return 0;
}

/* The shortest form systemd reads. */
char *limit_format_size(uint64_t size)
{
        static const char units[] = "\0KMGTP";
        unsigned unit = 0;

        while (unit < 5 && size && size % 1024 == 0) {
                size /= 1024;
                unit++;
        }
        return str_format("%llu%.1s", (unsigned long long)size, &units[unit]);
}

int limit_convert_size(const char *text, char **ret, struct error *err)
{
        uint64_t size;

        if (limit_parse_size(text, &size, err) < 0)
                return -1;
        *ret = size ? limit_format_size(size) : NULL;
        return 0;
}

/* Podman's number is memory and swap together; limits_add() takes the memory off. */
int limit_convert_swap(const char *text, char **ret, struct error *err)
{
        uint64_t size;

        if (str_equal(text, "-1")) {
                *ret = str_dup("infinity");
                return 0;
        }
        if (limit_parse_size(text, &size, err) < 0)
                return -1;
        *ret = str_format("%llu", (unsigned long long)size);
        return 0;
}

int limit_convert_tasks(const char *text, char **ret, struct error *err)
{
        unsigned long long number;

        if (str_equal(text, "-1") || str_equal(text, "0")) {
                *ret = str_dup("infinity");
                return 0;
        }
        if (!str_to_u64(text, INT64_MAX, &number))
                return error_set(err, 0, "not a number of processes (-1 is unlimited)");
        *ret = str_dup(number ? text + strspn(text, "0") : "0");
        return 0;
}

int limit_convert_cpus(const char *text, char **ret, struct error *err)
{
        char *end = NULL;
        double number = strtod(text, &end);

        if (!*text || *end || strspn(text, "0123456789.") != strlen(text) || number > 1e6)
                return error_set(err, 0, "not a number of processors");
        *ret = number * 100 >= 1 ? str_format("%.0f%%", number * 100) : NULL;
        return 0;
}

/* cgroup v1's shares (2 to 262144, 1024 the default) as v2's weight (1 to 10000, 100): the
 * conversion of the OCI runtimes. */
int limit_convert_shares(const char *text, char **ret, struct error *err)
{
        unsigned long long shares;

        if (!str_to_u64(text, UINT32_MAX, &shares))
                return error_set(err, 0, "not a number of shares");
        if (shares && shares < 2)
                shares = 2;
        if (shares > 262144)
                shares = 262144;
        *ret = shares ? str_format("%llu", 1 + (shares - 2) * 9999 / 262142) : NULL;
        return 0;
}

int limit_convert_cpu_list(const char *text, char **ret, struct error *err)
{
        if (!*text || text[strspn(text, "0123456789,-")])
                return error_set(err, 0, "not a list of numbers, as 0-2,5");
        *ret = str_dup(text);
        return 0;
}

int limit_convert_bytes(const char *text, char **ret, struct error *err)
{
        uint64_t size;

        if (str_equal(text, "max")) {
                *ret = str_dup("infinity");
                return 0;
        }
        if (limit_parse_size(text, &size, err) < 0)
                return -1;
        *ret = limit_format_size(size);
        return 0;
}

int limit_convert_weight(const char *text, char **ret, struct error *err)
{
        unsigned long long weight;

        if (!str_to_u64(text, 10000, &weight) || !weight)
                return error_set(err, 0, "not a weight from 1 to 10000");
        *ret = str_dup(text);
        return 0;
}

/* "[default ]WEIGHT"; there is no single key for the weight of one device. */
int limit_convert_io_weight(const char *text, char **ret, struct error *err)
{
        const char *weight = str_after(text, "default ");

        if (strchr(text, ':'))
                return 0;
        return limit_convert_weight(weight ? weight : text, ret, err);
}

int limit_convert_pids(const char *text, char **ret, struct error *err)
{
        return limit_convert_tasks(str_equal(text, "max") ? "-1" : text, ret, err);
}
