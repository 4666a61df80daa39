/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of PodmanArgs= about devices and about time. */
#include "limit-values.h"
#include "limits.h"

#include <stdlib.h>

enum {
        IO_WEIGHT_MIN = 10,
        IO_WEIGHT_MAX = 1000,
        PERIOD_DEFAULT = 100000 /* microseconds */
};

typedef int io_convert(const char *text, char **ret, struct error *err);

/* Podman's weights (10 to 1000) as those of the new control groups (1 to 10000): the conversion of
 * the OCI runtimes. */
static int convert_weight(const char *text, char **ret, struct error *err)
{
        unsigned long long weight;

        if (!str_to_u64(text, IO_WEIGHT_MAX, &weight) || weight < IO_WEIGHT_MIN)
                return error_set(err, 0, "not a weight from %d to %d", IO_WEIGHT_MIN,
                                 IO_WEIGHT_MAX);
        *ret = str_format("%llu", 1 + (weight - IO_WEIGHT_MIN) * 9999 / 990);
        return 0;
}

static int convert_bytes(const char *text, char **ret, struct error *err)
{
        uint64_t bytes;

        if (limit_parse_size(text, &bytes, err) < 0)
                return -1;
        if (!bytes)
                return error_set(err, 0, "not a number of bytes");
        *ret = str_format("%llu", (unsigned long long)bytes);
        return 0;
}

static int convert_count(const char *text, char **ret, struct error *err)
{
        unsigned long long number;

        if (!str_to_u64(text, INT64_MAX, &number) || !number)
                return error_set(err, 0, "not a number of operations");
        *ret = str_format("%llu", number);
        return 0;
}

static const struct io_limit {
        const char *option, *unit_key;
        bool device; /* DEVICE:LIMIT */
        io_convert *convert;
} io_limits[] = {
        { "--blkio-weight", "IOWeight", false, convert_weight },
        { "--blkio-weight-device", "IODeviceWeight", true, convert_weight },
        { "--device-read-bps", "IOReadBandwidthMax", true, convert_bytes },
        { "--device-write-bps", "IOWriteBandwidthMax", true, convert_bytes },
        { "--device-read-iops", "IOReadIOPSMax", true, convert_count },
        { "--device-write-iops", "IOWriteIOPSMax", true, convert_count },
};

/* "DEVICE LIMIT" or "LIMIT"; NULL in *ret where only systemd knows the value. */
static int io_convert_value(const struct io_limit *limit, const char *text, char **ret,
                            struct error *err)
{
        const char *colon = limit->device ? strrchr(text, ':') : NULL;
        AUTO_FREE char *value = NULL, *device = NULL;

        *ret = NULL;
        if (strpbrk(text, "%$"))
                return 0;
        if (limit->device && (!colon || !device_is_plain(text)))
                return error_set(err, 0, "not of the form /dev/NAME:LIMIT");
        if (limit->convert(colon ? colon + 1 : text, &value, err) < 0)
                return -1;
        if (!colon) {
                *ret = steal_str(&value);
                return 0;
        }
        device = str_dupn(text, (size_t)(colon - text));
        *ret = str_format("%s %s", device, value);
        return 0;
}

static int io_limit_add(struct translation *t, const struct io_limit *limit,
                        const struct values *values, struct error *err)
{
        const char *section;
        struct unit_file *unit = limits_unit(t, &section);
        bool given = !str_empty(unit_last_value(&t->source->file, section, limit->unit_key));

        for (size_t i = 0; i < values->count; i++) {
                const struct value *value = &values->items[i];
                char *converted;

                if (io_convert_value(limit, value->text, &converted, err) < 0)
                        return unit_error(err, value->line, "PodmanArgs=%s %s: %s", limit->option,
                                          value->text, err->message);
                /* The one that counts is the last, but of devices each has its own. */
                if (converted && !given && (limit->device || i + 1 == values->count))
                        unit_add_owned(unit, section, limit->unit_key, converted);
                else
                        free(converted);
        }
        return 0;
}

bool io_limits_given(const struct values *args)
{
        bool given = false;

        for (size_t i = 0; i < sizeof io_limits / sizeof *io_limits && !given; i++) {
                AUTO_VALUES struct values values = { 0 };

                podman_args_find(args, io_limits[i].option, 0, false, &values);
                given = values.count > 0;
        }
        return given;
}

int io_limits_add(struct translation *t, const struct values *args)
{
        int result = 0;

        for (size_t i = 0; i < sizeof io_limits / sizeof *io_limits && args->count; i++) {
                AUTO_VALUES struct values values = { 0 };
                AUTO_ERROR struct error err = { 0 };

                podman_args_find(args, io_limits[i].option, 0, false, &values);
                if (io_limit_add(t, &io_limits[i], &values, &err) < 0) {
                        report_failure(t->report, &err);
                        result = -1;
                }
        }
        return result;
}

/* The number that an option says last. Returns 0 where it says none, or only systemd knows it. */
static int last_number(const struct values *args, const char *option, unsigned long long most,
                       unsigned long long *ret, struct error *err)
{
        AUTO_VALUES struct values values = { 0 };
        const struct value *last;

        podman_args_find(args, option, 0, false, &values);
        last = values.count ? &values.items[values.count - 1] : NULL;
        if (!last || strpbrk(last->text, "%$") || str_equal(last->text, "-1"))
                return 0;
        if (!str_to_u64(last->text, most, ret))
                return unit_error(err, last->line, "PodmanArgs=%s %s: not a whole number", option,
                                  last->text);
        return 1;
}

static int add_times(struct translation *t, const struct values *args, struct error *err)
{
        unsigned long long period = PERIOD_DEFAULT, quota = 0, timeout = 0;
        int has_period = last_number(args, "--cpu-period", 1000000, &period, err);
        int has_quota =
                has_period < 0 ? -1 : last_number(args, "--cpu-quota", UINT32_MAX, &quota, err);
        int has_timeout =
                has_quota < 0 ? -1 : last_number(args, "--timeout", INT32_MAX, &timeout, err);

        if (has_timeout < 0)
                return -1;
        if (has_timeout && timeout)
                limit_add(t, "RuntimeMaxSec", str_format("%llu", timeout));
        if (has_quota && quota && period) {
                limit_add(t, "CPUQuota",
                          str_format("%llu.%02llu%%", quota * 100 / period,
                                     quota * 10000 / period % 100));
                if (period != PERIOD_DEFAULT)
                        limit_add(t, "CPUQuotaPeriodSec", str_format("%lluus", period));
        }
        return 0;
}

int time_limits_add(struct translation *t, const struct values *args)
{
        AUTO_ERROR struct error err = { 0 };

        if (!args->count || add_times(t, args, &err) == 0)
                return 0;
        report_failure(t->report, &err);
        return -1;
}
