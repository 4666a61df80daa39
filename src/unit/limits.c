/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "limits.h"
#include "limit-values.h"

#include <stdint.h>
#include <stdlib.h>

enum {
        CPU_PERIOD = 100000,    /* microseconds; the default of the kernel and of systemd */
        MEMORY_START = 2 << 20, /* bytes in a unit's group until its container runs */
};

struct limit {
        const char *key;    /* of [Container], or NULL */
        const char *option; /* in PodmanArgs=, or a file of the cgroup */
        char letter;
        const char *unit_key;
        limit_function *convert;
        const char *initial; /* the unit key's value where none is given, or NULL */
};

enum {
        LIMIT_MEMORY,
        LIMIT_SWAP
};

static const struct limit limits[] = {
        [LIMIT_MEMORY] = { "Memory", "--memory", 'm', "MemoryMax", limit_convert_size, NULL },
        [LIMIT_SWAP] = { NULL, "--memory-swap", 0, "MemorySwapMax", limit_convert_swap, NULL },
        { NULL, "--memory-reservation", 0, "MemoryLow", limit_convert_size, NULL },
        { NULL, "--cpus", 0, "CPUQuota", limit_convert_cpus, NULL },
        { NULL, "--cpu-shares", 'c', "CPUWeight", limit_convert_shares, NULL },
        { NULL, "--cpuset-cpus", 0, "AllowedCPUs", limit_convert_cpu_list, NULL },
        { NULL, "--cpuset-mems", 0, "AllowedMemoryNodes", limit_convert_cpu_list, NULL },
        { "PidsLimit", "--pids-limit", 0, "TasksMax", limit_convert_tasks, "2048" },
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

/* What stands behind a letter of one dash, before which letters without value may stand; or NULL.
 */
static const char *after_letter(const char *text, char letter)
{
        if (text[0] != '-' || text[1] == '-')
                return NULL;
        for (text++; *text && *text != letter; text++)
                if (!strchr("Pdiqt", *text))
                        return NULL;
        return *text ? text + 1 : NULL;
}

void podman_args_find(const struct values *args, const char *option, char letter, bool is_flag,
                      struct values *ret)
{
        for (size_t i = 0; i < args->count; i++) {
                const struct unit_line *line = args->items[i].line;
                const char *text = args->items[i].text;
                const char *rest = str_after(text, option);

                if (letter && !rest) {
                        rest = after_letter(text, letter);
                        if (rest && *rest && *rest != '=') {
                                values_add(ret, rest, NULL, line);
                                continue;
                        }
                }
                if (rest && *rest == '=')
                        values_add(ret, rest + 1, NULL, line);
                else if (rest && !*rest && is_flag)
                        values_add(ret, "", NULL, line);
                else if (rest && !*rest && ++i < args->count)
                        values_add(ret, args->items[i].text, NULL, line);
        }
}

/* A pod has limits by PodmanArgs= alone. */
static bool is_pod(const struct translation *t)
{
        return t->source->type->rank == UNIT_RANK_POD;
}

/* Where not even the start fits, the kernel kills it before it could say why. */
static void limit_warn(const struct translation *t, const struct limit *limit,
                       const struct value *value)
{
        uint64_t size;

        if (limit == &limits[LIMIT_MEMORY] && limit_parse_size(value->text, &size, NULL) == 0 &&
            size && size < MEMORY_START)
                report_at(t->report, REPORT_WARNING, unit_value_place(value->line),
                          "a memory limit of %s is less than the start of a container needs: "
                          "the kernel would kill it; give it 2m or more",
                          value->text);
}

static void limit_warn_unknown(const struct translation *t, const struct limit *limit,
                               const struct value *value)
{
        bool option = str_equal(value->line->key, "PodmanArgs");

        report_at(t->report, REPORT_WARNING, unit_value_place(value->line),
                  "%s=%s%s%s sets no limit: the unit's is %s=, where systemd knows neither "
                  "variables nor specifiers; write the number here",
                  value->line->key, option ? limit->option : "", option ? " " : "", value->text,
                  limit->unit_key);
}

/* The unit key's value of one limit, or NULL. PodmanArgs= come later on the command line, so they
 * win. */
static int limit_read(const struct translation *t, const struct limit *limit,
                      const struct values *args, char **ret, struct error *err)
{
        AUTO_VALUES struct values values = { 0 };
        const struct value *last;

        if (limit->key && !is_pod(t) &&
            values_read_key(&t->source->file, "Container", limit->key, &values, NULL, err) < 0)
                return -1;
        if (args->count)
                podman_args_find(args, limit->option, limit->letter, false, &values);
        if (limit->initial && !is_pod(t))
                *ret = str_dup(limit->initial);
        if (!values.count)
                return 0;
        last = &values.items[values.count - 1];
        if (strpbrk(last->text, "%$")) {
                limit_warn_unknown(t, limit, last);
                return 0;
        }
        free(steal_str(ret));
        if (limit->convert(last->text, ret, err) == 0) {
                limit_warn(t, limit, last);
                return 0;
        }
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
        if (!memory || limit_parse_size(total, &both, NULL) < 0 ||
            limit_parse_size(memory, &ram, NULL) < 0 || both < ram)
                return NULL;
        return limit_format_size(both - ram);
}

struct unit_file *limits_unit(struct translation *t, const char **ret_section)
{
        *ret_section = is_pod(t) ? "Slice" : "Service";
        return is_pod(t) ? &t->source->slice : &t->service;
}

/* An empty value of the file's own is the default again; one of ours is not. */
static bool limit_is_set(const struct translation *t, const struct unit_file *unit,
                         const char *section, const char *unit_key)
{
        const struct unit_line *line = unit_last(unit, section, unit_key);

        return line && (*line->value || !unit_last(&t->source->file, section, unit_key));
}

void limit_add(struct translation *t, const char *unit_key, char *value)
{
        const char *section;
        struct unit_file *unit = limits_unit(t, &section);

        if (limit_is_set(t, unit, section, unit_key))
                free(value);
        else
                unit_add_owned(unit, section, unit_key, value);
}

/* Files of the cgroup, for --cgroup-conf, where systemd has a key with the same meaning; cpu.max
 * becomes two. */
static const struct limit cgroup_files[] = {
        { NULL, "memory.high", 0, "MemoryHigh", limit_convert_bytes, NULL },
        { NULL, "memory.low", 0, "MemoryLow", limit_convert_bytes, NULL },
        { NULL, "memory.max", 0, "MemoryMax", limit_convert_bytes, NULL },
        { NULL, "memory.min", 0, "MemoryMin", limit_convert_bytes, NULL },
        { NULL, "memory.swap.max", 0, "MemorySwapMax", limit_convert_bytes, NULL },
        { NULL, "cpu.weight", 0, "CPUWeight", limit_convert_weight, NULL },
        { NULL, "io.weight", 0, "IOWeight", limit_convert_io_weight, NULL },
        { NULL, "pids.max", 0, "TasksMax", limit_convert_pids, NULL },
};

/* "QUOTA[ PERIOD]" in microseconds; a QUOTA of max is none. */
static int add_cpu_max(struct translation *t, const char *text, struct error *err)
{
        AUTO_STRV struct strv numbers = { 0 };
        unsigned long long quota = 0, period = CPU_PERIOD;
        bool limited;

        strv_split(&numbers, text, " ", false);
        limited = numbers.count && !str_equal(numbers.items[0], "max");
        if (!numbers.count || numbers.count > 2 ||
            (limited && (!str_to_u64(numbers.items[0], UINT32_MAX, &quota) || quota < 1000)) ||
            (numbers.count == 2 &&
             (!str_to_u64(numbers.items[1], 1000000, &period) || period < 1000)))
                return error_set(err, 0, "not QUOTA or QUOTA PERIOD in microseconds");
        if (!limited) {
                limit_add(t, "CPUQuota", str_dup(""));
                return 0;
        }
        limit_add(t, "CPUQuota",
                  str_format("%llu.%02llu%%", quota * 100 / period, quota * 10000 / period % 100));
        if (period != CPU_PERIOD)
                limit_add(t, "CPUQuotaPeriodSec", str_format("%lluus", period));
        return 0;
}

/* Returns 1 where systemd has no key for it. */
static int add_cgroup_file(struct translation *t, const char *pair, struct error *err)
{
        const char *value = str_after(pair, "cpu.max=");
        char *converted = NULL;

        if (value)
                return add_cpu_max(t, value, err);
        for (size_t i = 0; i < sizeof cgroup_files / sizeof *cgroup_files; i++) {
                const struct limit *file = &cgroup_files[i];

                value = str_after(pair, file->option);
                if (!value || *value++ != '=')
                        continue;
                if (file->convert(value, &converted, err) < 0)
                        return -1;
                if (!converted)
                        return 1;
                limit_add(t, file->unit_key, converted);
                return 0;
        }
        return 1;
}

/* Whether the container gets a cgroup of its own, which crun writes to itself. */
static bool has_own_cgroup(const struct translation *t, const struct values *args)
{
        AUTO_VALUES struct values modes = { 0 };
        AUTO_FREE char *key = value_read(&t->source->file, "Container", "CgroupsMode");
        const char *mode = key ? key : "split";

        podman_args_find(args, "--cgroups", 0, false, &modes);
        if (modes.count)
                mode = modes.items[modes.count - 1].text;
        return !str_equal(mode, "split") && !str_equal(mode, "disabled");
}

/* The length of what a pair sets: FILE, or FILE=DEVICE where devices have lines of their own. */
static size_t pair_name(const char *pair)
{
        size_t file = strcspn(pair, "=");

        return strchr(pair + file, ':') ? strcspn(pair, " ") : file;
}

static bool is_overridden(const struct values *pairs, size_t index)
{
        const char *pair = pairs->items[index].text;
        size_t length = pair_name(pair);

        for (size_t i = index + 1; i < pairs->count; i++)
                if (pair_name(pairs->items[i].text) == length &&
                    strncmp(pairs->items[i].text, pair, length) == 0)
                        return true;
        return false;
}

/* --cgroup-conf FILE=VALUE in PodmanArgs=. */
static int add_cgroup_files(struct translation *t, const struct values *args, struct error *err)
{
        AUTO_VALUES struct values pairs = { 0 };

        podman_args_find(args, "--cgroup-conf", 0, false, &pairs);
        if (!pairs.count || has_own_cgroup(t, args))
                return 0;
        for (size_t i = 0; i < pairs.count; i++) {
                const struct value *pair = &pairs.items[i];
                int result;

                /* Only systemd knows what specifiers and variables stand for. */
                if (is_overridden(&pairs, i) || strpbrk(pair->text, "%$"))
                        continue;
                result = add_cgroup_file(t, pair->text, err);
                if (result < 0)
                        return unit_error(err, pair->line, "PodmanArgs=--cgroup-conf %s: %s",
                                          pair->text, err->message);
                if (result > 0)
                        report_at(t->report, REPORT_WARNING, unit_value_place(pair->line),
                                  "PodmanArgs=--cgroup-conf %s has no effect, because the cgroup "
                                  "is systemd's and it has no key for that",
                                  pair->text);
        }
        return 0;
}

bool limits_given(const struct values *args)
{
        bool given = false;

        for (size_t i = 0; i < LIMIT_COUNT && !given; i++) {
                AUTO_VALUES struct values values = { 0 };

                podman_args_find(args, limits[i].option, limits[i].letter, false, &values);
                given = values.count > 0;
        }
        return given;
}

int limits_add(struct translation *t, const struct values *args, struct error *err)
{
        const char *section;
        const struct unit_file *unit = limits_unit(t, &section);
        char *found[LIMIT_COUNT] = { NULL };
        int result = 0;

        /* First: beside an option for the same limit, the file of the cgroup wins. */
        if (args->count && !is_pod(t) && add_cgroup_files(t, args, err) < 0)
                return -1;
        for (size_t i = 0; i < LIMIT_COUNT && result == 0; i++)
                result = limit_read(t, &limits[i], args, &found[i], err);
        if (found[LIMIT_SWAP]) {
                char *alone = swap_alone(found[LIMIT_SWAP], found[LIMIT_MEMORY]);

                free(found[LIMIT_SWAP]);
                found[LIMIT_SWAP] = alone;
        } else if (found[LIMIT_MEMORY] && !limit_is_set(t, unit, section, "MemoryMax")) {
                found[LIMIT_SWAP] = str_dup(found[LIMIT_MEMORY]); /* as much again */
        }
        for (size_t i = 0; i < LIMIT_COUNT; i++) {
                if (found[i] && result == 0)
                        limit_add(t, limits[i].unit_key, found[i]);
                else
                        free(found[i]);
        }
        return result;
}
