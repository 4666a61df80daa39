/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ulimit.h"

#include <errno.h>
#include <strings.h>
#include <sys/resource.h>

/* getrlimit(2); the words behind RLIMIT_, lower case. */
static const struct {
        const char *name;
        const char *type;
        int resource;
} ulimit_types[] = {
        { "as", "RLIMIT_AS", RLIMIT_AS },
        { "core", "RLIMIT_CORE", RLIMIT_CORE },
        { "cpu", "RLIMIT_CPU", RLIMIT_CPU },
        { "data", "RLIMIT_DATA", RLIMIT_DATA },
        { "fsize", "RLIMIT_FSIZE", RLIMIT_FSIZE },
        { "locks", "RLIMIT_LOCKS", RLIMIT_LOCKS },
        { "memlock", "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
        { "msgqueue", "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
        { "nice", "RLIMIT_NICE", RLIMIT_NICE },
        { "nofile", "RLIMIT_NOFILE", RLIMIT_NOFILE },
        { "nproc", "RLIMIT_NPROC", RLIMIT_NPROC },
        { "rss", "RLIMIT_RSS", RLIMIT_RSS },
        { "rtprio", "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
        { "rttime", "RLIMIT_RTTIME", RLIMIT_RTTIME },
        { "sigpending", "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
        { "stack", "RLIMIT_STACK", RLIMIT_STACK },
};

static const char *ulimit_type(const char *name)
{
        if (strncasecmp(name, "RLIMIT_", 7) == 0)
                name += 7;
        for (size_t i = 0; i < sizeof ulimit_types / sizeof *ulimit_types; i++)
                if (str_equal_nocase(ulimit_types[i].name, name))
                        return ulimit_types[i].type;
        return NULL;
}

int ulimit_resource(const char *type)
{
        for (size_t i = 0; i < sizeof ulimit_types / sizeof *ulimit_types; i++)
                if (str_equal(ulimit_types[i].type, type))
                        return ulimit_types[i].resource;
        return -1;
}

static bool ulimit_value(const char *text, uint64_t *ret)
{
        unsigned long long value;

        if (str_equal(text, "-1") || str_equal(text, "unlimited")) {
                *ret = UINT64_MAX;
                return true;
        }
        if (!str_to_u64(text, UINT64_MAX, &value))
                return false;
        *ret = value;
        return true;
}

int ulimit_parse(const char *text, struct spec_ulimit *ret, struct error *err)
{
        const char *equals = strchr(text, '=');
        AUTO_FREE char *name = str_dupn(text, strcspn(text, "="));
        AUTO_STRV struct strv values = { 0 };
        struct spec_ulimit limit = { .type = ulimit_type(name) };

        if (!equals)
                return error_set(err, EINVAL, "not of the form NAME=SOFT[:HARD]");
        if (!limit.type)
                return error_set(err, EINVAL, "there is no limit '%s'", name);
        strv_split(&values, equals + 1, ":", true);
        if (values.count > 2 || !ulimit_value(values.items[0], &limit.soft) ||
            !ulimit_value(values.items[values.count - 1], &limit.hard))
                return error_set(err, EINVAL, "limits are numbers, or -1 for unlimited");
        if (limit.soft > limit.hard)
                return error_set(err, EINVAL, "the soft limit is above the hard limit");
        *ret = limit;
        return 0;
}
