/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of `crunit run` about reading and writing devices. */
#include "run-values.h"

#include "../container/size.h"
#include "../container/spec.h"

#include <errno.h>

enum {
        IO_WEIGHT_MIN = 10,
        IO_WEIGHT_MAX = 1000
};

static int io_parse_weight(const char *text, uint64_t *ret, struct error *err)
{
        unsigned long long number;

        if (!str_to_u64(text, IO_WEIGHT_MAX, &number) || number < IO_WEIGHT_MIN)
                return error_set(err, EINVAL, "'%s' is not a weight from %d to %d", text,
                                 IO_WEIGHT_MIN, IO_WEIGHT_MAX);
        *ret = number;
        return 0;
}

int run_take_io_weight(void *context, const struct option_row *row, const char *value,
                       struct error *err)
{
        struct container_spec *spec = context;

        if (io_parse_weight(value, &spec->io_weight, err) < 0)
                return error_wrap(err, "--%s %s", row->name, value);
        return 0;
}

static int io_parse_limit(enum spec_io_kind kind, const char *text, uint64_t *ret,
                          struct error *err)
{
        unsigned long long number;

        if (kind == SPEC_IO_WEIGHT)
                return io_parse_weight(text, ret, err);
        if (kind == SPEC_IO_READ_BYTES || kind == SPEC_IO_WRITE_BYTES) {
                if (size_parse(text, ret) && *ret)
                        return 0;
                return error_set(err, EINVAL, "'%s' is not a size (a number with b, k, m or g)",
                                 text);
        }
        if (!str_to_u64(text, INT64_MAX, &number) || !number)
                return error_set(err, EINVAL, "'%s' is not a number of operations", text);
        *ret = number;
        return 0;
}

/* DEVICE:LIMIT; the row's field says of which kind. */
int run_take_io(void *context, const struct option_row *row, const char *value, struct error *err)
{
        const char *colon = strrchr(value, ':');
        enum spec_io_kind kind = (enum spec_io_kind)row->field;
        struct spec_io *io;
        uint64_t limit;

        if (!colon || value[0] != '/')
                return error_set(err, EINVAL, "--%s %s: not of the form /dev/NAME:LIMIT", row->name,
                                 value);
        if (io_parse_limit(kind, colon + 1, &limit, err) < 0)
                return error_wrap(err, "--%s %s", row->name, value);
        io = spec_add_io(context);
        *io = (struct spec_io){ kind, str_dupn(value, (size_t)(colon - value)), limit };
        return 0;
}
