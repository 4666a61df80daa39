/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of `crunit run` that say how the image is got. They are checked here, and handed on
 * to `crunit pull` as words. */
#include "run-values.h"

#include "../base/duration.h"
#include "../base/pull-policy.h"
#include "../base/str.h"
#include "../container/spec.h"

#include <errno.h>

/* Architectures as people and uname(1) call them, and as images do. */
static const struct run_architecture {
        const char *written, *arch, *variant;
} run_architectures[] = {
        { "x86_64", "amd64", NULL },    { "x86-64", "amd64", NULL }, { "aarch64", "arm64", NULL },
        { "i386", "386", NULL },        { "i686", "386", NULL },     { "armhf", "arm", "v7" },
        { "armv7l", "arm", "v7" },      { "armel", "arm", "v6" },    { "armv6l", "arm", "v6" },
        { "ppc64el", "ppc64le", NULL },
};

static void pull_option(struct container_spec *spec, const char *name, const char *value)
{
        strv_appendf(&spec->pull_options, "--%s=%s", name, value);
}

int run_take_pull(void *context, const struct option_row *row, const char *value, struct error *err)
{
        struct container_spec *spec = context;
        const char *word = pull_policy_word(value);

        if (!word)
                return error_set(err, EINVAL, "--%s %s: not one of always, missing, never, newer",
                                 row->name, value);
        str_replace(&spec->pull, word);
        return 0;
}

int run_take_pull_option(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        if (row->kind == OPTION_VALUE && !*value)
                return error_set(err, EINVAL, "--%s: there is nothing behind it", row->name);
        pull_option(context, row->name, value);
        return 0;
}

int run_take_pull_switch(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        bool on = true;

        if (value && option_parse_bool(row->name, value, &on, err) < 0)
                return -1;
        pull_option(context, row->name, on ? "true" : "false");
        return 0;
}

int run_take_retry(void *context, const struct option_row *row, const char *value,
                   struct error *err)
{
        unsigned long long tries;

        if (!str_to_u64(value, 1000, &tries))
                return error_set(err, EINVAL, "--%s %s: not a number of tries", row->name, value);
        pull_option(context, row->name, value);
        return 0;
}

int run_take_retry_delay(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        uint64_t milliseconds;

        if (!duration_parse(value, &milliseconds))
                return error_set(err, EINVAL, "--%s %s: not a time, such as 5s or 1m30s", row->name,
                                 value);
        pull_option(context, row->name, value);
        return 0;
}

/* Part of a platform's name: letters, digits, dashes, dots. */
static int pull_check_name(const struct option_row *row, const char *value, const char *name,
                           struct error *err)
{
        static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789_-.";

        if (!*name || name[strspn(name, set)])
                return error_set(err, EINVAL,
                                 "--%s %s: not made of names such as linux, arm64 or v8", row->name,
                                 value);
        return 0;
}

static void pull_set_arch(struct container_spec *spec, const char *arch)
{
        for (size_t i = 0; i < sizeof run_architectures / sizeof *run_architectures; i++) {
                if (!str_equal(arch, run_architectures[i].written))
                        continue;
                arch = run_architectures[i].arch;
                if (run_architectures[i].variant) {
                        str_replace(&spec->variant, run_architectures[i].variant);
                        pull_option(spec, "variant", spec->variant);
                }
                break;
        }
        str_replace(&spec->arch, arch);
        pull_option(spec, "arch", arch);
}

int run_take_arch(void *context, const struct option_row *row, const char *value, struct error *err)
{
        if (pull_check_name(row, value, value, err) < 0)
                return -1;
        pull_set_arch(context, value);
        return 0;
}

int run_take_platform_name(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        if (pull_check_name(row, value, value, err) < 0 ||
            option_take_string(context, row, value, err) < 0)
                return -1;
        pull_option(context, row->name, value);
        return 0;
}

/* OS[/ARCH[/VARIANT]] */
int run_take_platform(void *context, const struct option_row *row, const char *value,
                      struct error *err)
{
        struct container_spec *spec = context;
        AUTO_STRV struct strv parts = { 0 };

        strv_split(&parts, value, "/", true);
        if (parts.count < 1 || parts.count > 3)
                return error_set(err, EINVAL, "--%s %s: not OS/ARCH[/VARIANT]", row->name, value);
        for (size_t i = 0; i < parts.count; i++)
                if (pull_check_name(row, value, parts.items[i], err) < 0)
                        return -1;
        str_replace(&spec->os, parts.items[0]);
        pull_option(spec, "os", parts.items[0]);
        if (parts.count > 1)
                pull_set_arch(spec, parts.items[1]);
        if (parts.count > 2) {
                str_replace(&spec->variant, parts.items[2]);
                pull_option(spec, "variant", parts.items[2]);
        }
        return 0;
}
