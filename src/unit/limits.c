/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "limits.h"

#include <stdint.h>
#include <stdlib.h>

/* Turn an option's value into the unit key's, owned; NULL where there is nothing to say, and -1
 * where the value makes no sense. */
typedef int limit_function(const char *text, char **ret, struct error *err);

struct limit {
        const char *key;    /* of [Container], or NULL */
        const char *option; /* in PodmanArgs= */
        char letter;
        const char *unit_key;
        limit_function *convert;
        const char *initial; /* value where none is given, or NULL */
};

/* NUMBER[bkmgtp][b], of 1024; ret is SIZE_UNLIMITED for -1. */
static int parse_size(const char *text, uint64_t *ret, struct error *err)
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
static char *format_size(uint64_t size)
{
        static const char units[] = "\0KMGTP";
        unsigned unit = 0;

        while (unit < 5 && size && size % 1024 == 0) {
                size /= 1024;
                unit++;
        }
        return str_format("%llu%.1s", (unsigned long long)size, &units[unit]);
}

static int convert_size(const char *text, char **ret, struct error *err)
{
        uint64_t size;

        if (parse_size(text, &size, err) < 0)
                return -1;
        *ret = size ? format_size(size) : NULL;
        return 0;
}

/* Podman's number is memory and swap together; what is left of it is found in limits_add(). */
static int convert_swap(const char *text, char **ret, struct error *err)
{
        uint64_t size;

        if (str_equal(text, "-1")) {
                *ret = str_dup("infinity");
                return 0;
        }
        if (parse_size(text, &size, err) < 0)
                return -1;
        *ret = str_format("%llu", (unsigned long long)size);
        return 0;
}

static int convert_tasks(const char *text, char **ret, struct error *err)
{
        unsigned long long number;

        if (str_equal(text, "-1") || str_equal(text, "0")) {
                *ret = str_dup("infinity");
                return 0;
        }
        if (!str_to_u64(text, INT64_MAX, &number))
                return error_set(err, 0, "not a number of processes (-1 is unlimited)");
        *ret = str_format("%llu", number);
        return 0;
}

static int convert_cpus(const char *text, char **ret, struct error *err)
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
static int convert_shares(const char *text, char **ret, struct error *err)
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

static int convert_cpu_list(const char *text, char **ret, struct error *err)
{
        if (!*text || text[strspn(text, "0123456789,-")])
                return error_set(err, 0, "not a list of numbers, as 0-2,5");
        *ret = str_dup(text);
        return 0;
}

enum {
        LIMIT_MEMORY,
        LIMIT_SWAP
};

static const struct limit limits[] = {
        [LIMIT_MEMORY] = { "Memory", "--memory", 'm', "MemoryMax", convert_size, NULL },
        [LIMIT_SWAP] = { NULL, "--memory-swap", 0, "MemorySwapMax", convert_swap, NULL },
        { NULL, "--memory-reservation", 0, "MemoryLow", convert_size, NULL },
        { NULL, "--cpus", 0, "CPUQuota", convert_cpus, NULL },
        { NULL, "--cpu-shares", 'c', "CPUWeight", convert_shares, NULL },
        { NULL, "--cpuset-cpus", 0, "AllowedCPUs", convert_cpu_list, NULL },
        { NULL, "--cpuset-mems", 0, "AllowedMemoryNodes", convert_cpu_list, NULL },
        { "PidsLimit", "--pids-limit", 0, "TasksMax", convert_tasks, "2048" },
};

enum {
        LIMIT_COUNT = sizeof limits / sizeof *limits
};

const char *limits_unit_key(const char *key)
{
        for (size_t i = 0; i < LIMIT_COUNT; i++)
                if (str_equal(limits[i].key, key))
                        return limits[i].unit_key;
        return NULL;
}

static void values_append(struct values *values, const char *text, const struct unit_line *line)
{
        values->items = alloc_grow(values->items, values->count + 1, sizeof *values->items);
        values->capacity = values->count + 1;
        values->items[values->count++] = (struct value){ .text = str_dup(text), .line = line };
}

void podman_args_find(const struct values *args, const char *option, char letter, bool is_flag,
                      struct values *ret)
{
        const char spelled[] = { '-', letter, '\0' };

        for (size_t i = 0; i < args->count; i++) {
                const struct unit_line *line = args->items[i].line;
                const char *text = args->items[i].text;
                const char *rest = str_after(text, option);

                if (letter && text[0] && text[1] != '-' && !rest) {
                        rest = str_after(text, spelled);
                        if (rest && *rest && *rest != '=') {
                                values_append(ret, rest, line);
                                continue;
                        }
                }
                if (rest && *rest == '=')
                        values_append(ret, rest + 1, line);
                else if (rest && !*rest && is_flag)
                        values_append(ret, "", line);
                else if (rest && !*rest && ++i < args->count)
                        values_append(ret, args->items[i].text, line);
        }
}

/* The unit key's value of one limit, or NULL. PodmanArgs= come later on the command line, so they
 * win. */
static int limit_read(const struct translation *t, const struct limit *limit,
                      const struct values *args, char **ret, struct error *err)
{
        AUTO_VALUES struct values values = { 0 };
        const struct value *last;

        if (limit->key &&
            values_read_key(&t->source->file, "Container", limit->key, &values, NULL, err) < 0)
                return -1;
        if (args->count)
                podman_args_find(args, limit->option, limit->letter, false, &values);
        if (!values.count)
                return limit->initial ? limit->convert(limit->initial, ret, err) : 0;
        last = &values.items[values.count - 1];
        /* systemd expands variables on Exec lines only. */
        if (strpbrk(last->text, "%$"))
                return 0;
        if (limit->convert(last->text, ret, err) == 0)
                return 0;
        if (str_equal(last->line->key, "PodmanArgs"))
                return unit_error(err, last->line, "PodmanArgs=%s %s: %s", limit->option,
                                  last->text, err->message);
        return unit_error(err, last->line, "%s=%s: %s", limit->key, last->text, err->message);
}

/* MemorySwapMax= counts swap alone. */
static char *swap_alone(const char *total, const char *memory)
{
        uint64_t both = 0, ram = 0;

        if (str_equal(total, "infinity"))
                return str_dup(total);
        if (!memory || parse_size(total, &both, NULL) < 0 || parse_size(memory, &ram, NULL) < 0 ||
            both < ram)
                return NULL;
        return format_size(both - ram);
}

int limits_add(struct translation *t, const struct values *args, struct error *err)
{
        char *found[LIMIT_COUNT] = { NULL };
        int result = 0;

        for (size_t i = 0; i < LIMIT_COUNT && result == 0; i++)
                result = limit_read(t, &limits[i], args, &found[i], err);
        if (found[LIMIT_SWAP]) {
                char *alone = swap_alone(found[LIMIT_SWAP], found[LIMIT_MEMORY]);

                free(found[LIMIT_SWAP]);
                found[LIMIT_SWAP] = alone;
        }
        for (size_t i = 0; i < LIMIT_COUNT; i++) {
                if (found[i] && result == 0)
                        translate_default_owned(t, limits[i].unit_key, found[i]);
                else
                        free(found[i]);
        }
        return result;
}
