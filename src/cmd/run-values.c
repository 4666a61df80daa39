/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-values.h"

#include "../container/caps.h"
#include "../container/device.h"
#include "../container/health-settings.h"
#include "../container/mount.h"
#include "../container/path.h"
#include "../container/secret-option.h"
#include "../container/signal.h"
#include "../container/size.h"
#include "../container/spec.h"
#include "../container/ulimit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>

static void *run_field(void *context, const struct option_row *row)
{
        return (char *)context + row->field;
}

/* "--name VALUE" in front of what is wrong with it. */
static int run_wrap(struct error *err, const struct option_row *row, const char *value)
{
        return error_wrap(err, "--%s %s", row->name, value);
}

int run_invalid(struct error *err, const struct option_row *row, const char *value, const char *why)
{
        return error_set(err, EINVAL, "--%s %s: %s", row->name, value, why);
}

int run_take_size(void *context, const struct option_row *row, const char *value, struct error *err)
{
        uint64_t *place = run_field(context, row);

        if (!size_parse(value, place))
                return run_invalid(err, row, value, "not a size (a number with b, k, m, g or t)");
        return 0;
}

/* --memory-swap: a size, or -1 for no limit. */
int run_take_swap(void *context, const struct option_row *row, const char *value, struct error *err)
{
        int64_t *place = run_field(context, row);
        uint64_t bytes;

        if (str_equal(value, "-1")) {
                *place = -1;
                return 0;
        }
        if (!size_parse(value, &bytes))
                return run_invalid(err, row, value,
                                   "not a size (a number with b, k, m, g or t) or -1");
        *place = (int64_t)bytes;
        return 0;
}

static bool run_integer(const char *value, int64_t least, int64_t most, int64_t *ret)
{
        bool negative = *value == '-';
        unsigned long long number;
        int64_t result;

        if (!str_to_u64(value + negative, INT64_MAX, &number))
                return false;
        result = negative ? -(int64_t)number : (int64_t)number;
        if (result < least || result > most)
                return false;
        *ret = result;
        return true;
}

int run_take_u64(void *context, const struct option_row *row, const char *value, struct error *err)
{
        uint64_t *place = run_field(context, row);
        int64_t number;

        if (!run_integer(value, 0, INT64_MAX, &number))
                return run_invalid(err, row, value, "not a whole number");
        *place = (uint64_t)number;
        return 0;
}

int run_take_i64(void *context, const struct option_row *row, const char *value, struct error *err)
{
        int64_t *place = run_field(context, row);

        if (!run_integer(value, -1, INT64_MAX, place))
                return run_invalid(err, row, value, "not a whole number or -1");
        return 0;
}

int run_take_unsigned(void *context, const struct option_row *row, const char *value,
                      struct error *err)
{
        unsigned *place = run_field(context, row);
        int64_t number;

        if (!run_integer(value, 0, INT_MAX, &number))
                return run_invalid(err, row, value, "not a whole number");
        *place = (unsigned)number;
        return 0;
}

/* -1 asks for no forced end at all; systemd and we count in whole seconds. */
int run_take_stop_timeout(void *context, const struct option_row *row, const char *value,
                          struct error *err)
{
        unsigned *place = run_field(context, row);
        int64_t number;

        if (!run_integer(value, -1, INT_MAX, &number))
                return run_invalid(err, row, value, "not a number of seconds");
        *place = number < 0 ? UINT_MAX : (unsigned)number;
        return 0;
}

/* Processors as a decimal number become a quota of a period of 100 ms. */
int run_take_cpus(void *context, const struct option_row *row, const char *value, struct error *err)
{
        struct container_spec *spec = context;
        char *end;
        double cpus = strtod(value, &end);

        if (end == value || *end || !(cpus >= 0 && cpus <= 1e6) || *value == '-')
                return run_invalid(err, row, value, "not a number of processors");
        spec->cpu_period = cpus > 0 ? 100000 : 0;
        spec->cpu_quota = (int64_t)(cpus * 100000 + 0.5);
        return 0;
}

int run_take_oom_score(void *context, const struct option_row *row, const char *value,
                       struct error *err)
{
        struct container_spec *spec = context;
        int64_t number;

        if (!run_integer(value, -1000, 1000, &number))
                return run_invalid(err, row, value, "not a number from -1000 to 1000");
        spec->oom_score_adj = (int)number;
        spec->oom_score_adj_given = true;
        return 0;
}

int run_take_umask(void *context, const struct option_row *row, const char *value,
                   struct error *err)
{
        uint32_t *place = run_field(context, row);
        size_t length = strlen(value);

        if (!length || length > 4 || strspn(value, "01234567") < length ||
            strtoul(value, NULL, 8) > 0777)
                return run_invalid(err, row, value, "not an octal number up to 0777");
        *place = (uint32_t)strtoul(value, NULL, 8);
        return 0;
}

int run_take_signal(void *context, const struct option_row *row, const char *value,
                    struct error *err)
{
        int *place = run_field(context, row);
        int number = signal_parse(value);

        if (number < 0)
                return run_invalid(err, row, value, "not a signal's name or number");
        *place = number;
        return 0;
}

int run_take_caps(void *context, const struct option_row *row, const char *value, struct error *err)
{
        struct strv *list = run_field(context, row);
        AUTO_STRV struct strv names = { 0 };

        strv_split(&names, value, ",", false);
        for (size_t i = 0; i < names.count; i++) {
                const char *name = caps_canonical(names.items[i]);
                const char *nearest = name ? NULL : caps_nearest(names.items[i]);

                if (nearest)
                        return error_set(err, EINVAL, "--%s %s: not a capability, did you mean %s?",
                                         row->name, names.items[i], nearest);
                if (!name)
                        return run_invalid(err, row, names.items[i], "not a capability");
                if (!strv_contains(list, name))
                        strv_append(list, name);
        }
        return 0;
}

static int run_take_mount(struct container_spec *spec, const struct option_row *row,
                          const char *value, struct error *err)
{
        typedef int parse_function(const char *, struct spec_mount *, struct error *);
        static const struct {
                const char *option;
                parse_function *parse;
        } parsers[] = {
                { "volume", mount_parse_volume },
                { "mount", mount_parse_mount },
                { "tmpfs", mount_parse_tmpfs },
        };
        struct spec_mount mount = { 0 };

        for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++)
                if (str_equal(parsers[i].option, row->name) &&
                    parsers[i].parse(value, &mount, err) < 0)
                        return run_wrap(err, row, value);
        *spec_add_mount(spec) = mount;
        return 0;
}

int run_take_mounts(void *context, const struct option_row *row, const char *value,
                    struct error *err)
{
        struct container_spec *spec = context;

        if (run_take_mount(spec, row, value, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < spec->mount_count; i++)
                if (spec->mounts[i].target &&
                    str_equal(spec->mounts[i].target, spec->mounts[spec->mount_count - 1].target))
                        return error_set(err, EINVAL, "--%s %s: %s is mounted over twice",
                                         row->name, value, spec->mounts[i].target);
        return 0;
}

int run_take_device(void *context, const struct option_row *row, const char *value,
                    struct error *err)
{
        struct spec_device device = { 0 };

        if (device_parse(value, &device, err) < 0)
                return run_wrap(err, row, value);
        *spec_add_device(context) = device;
        return 0;
}

int run_take_device_rule(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        if (device_check_rule(value, err) < 0)
                return run_wrap(err, row, value);
        return option_take_list(context, row, value, err);
}

int run_take_volumes_from(void *context, const struct option_row *row, const char *value,
                          struct error *err)
{
        if (mount_check_from(value, err) < 0)
                return error_wrap(err, "--%s %s", row->name, value);
        return option_take_list(context, row, value, err);
}

int run_take_secret(void *context, const struct option_row *row, const char *value,
                    struct error *err)
{
        struct container_spec *spec = context;
        struct spec_secret secret = { 0 };

        if (secret_option_parse(value, &secret, err) < 0)
                return run_wrap(err, row, value);
        *spec_add_secret(spec) = secret;
        for (size_t i = 0; i + 1 < spec->secret_count; i++)
                if (spec->secrets[i].env == secret.env &&
                    str_equal(spec->secrets[i].target, secret.target))
                        return error_set(err, EINVAL, "--%s %s: there are two secrets for %s",
                                         row->name, value, secret.target);
        return 0;
}

int run_take_ulimit(void *context, const struct option_row *row, const char *value,
                    struct error *err)
{
        struct container_spec *spec = context;
        struct spec_ulimit limit;

        if (str_equal(value, "host")) {
                spec->ulimit_host = true;
                return 0;
        }
        if (ulimit_parse(value, &limit, err) < 0)
                return run_wrap(err, row, value);
        *spec_add_ulimit(spec) = limit;
        return 0;
}

/* name=value, both of them needed. */
int run_take_pair(void *context, const struct option_row *row, const char *value, struct error *err)
{
        const char *equals = strchr(value, '=');

        if (!equals || equals == value)
                return run_invalid(err, row, value, "not of the form NAME=VALUE");
        return option_take_list(context, row, value, err);
}

/* A label may stand without a value. */
int run_take_label(void *context, const struct option_row *row, const char *value,
                   struct error *err)
{
        if (!*value || *value == '=')
                return run_invalid(err, row, value, "the name is empty");
        if (strchr(value, '='))
                return option_take_list(context, row, value, err);
        strv_appendf(run_field(context, row), "%s=", value);
        return 0;
}

int run_take_path(void *context, const struct option_row *row, const char *value, struct error *err)
{
        char **place = run_field(context, row);

        if (value[0] != '/')
                return run_invalid(err, row, value, "not an absolute path");
        free(*place);
        *place = path_clean(value);
        return 0;
}

int run_take_hostname(void *context, const struct option_row *row, const char *value,
                      struct error *err)
{
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

        if (!*value || value[strspn(value, letters)] || strlen(value) > 64)
                return run_invalid(err, row, value,
                                   "not a host name (up to 64 letters, digits, - and .)");
        return option_take_string(context, row, value, err);
}

/* Containers are found by name below a directory, so the name is one component. */
int run_take_name(void *context, const struct option_row *row, const char *value, struct error *err)
{
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

        if (!*value || strchr("_.-", *value) || value[strspn(value, letters)] ||
            strlen(value) > 200)
                return run_invalid(
                        err, row, value,
                        "not a name (a letter or digit, then letters, digits, _ . and -)");
        return option_take_string(context, row, value, err);
}

int run_take_device_policy(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        struct container_spec *spec = context;

        if (!str_equal(value, "closed") && !str_equal(value, "auto"))
                return run_invalid(err, row, value, "not auto or closed");
        spec->device_policy = str_equal(value, "closed");
        return 0;
}

/* What stands behind nvidia.com/gpu= in the name of a device: all, or one of them. */
int run_take_gpus(void *context, const struct option_row *row, const char *value, struct error *err)
{
        AUTO_FREE char *name = str_concat("nvidia.com/gpu=", value);
        struct spec_device device = { 0 };

        if (device_parse(name, &device, err) < 0)
                return run_wrap(err, row, value);
        *spec_add_device(context) = device;
        return 0;
}

int run_take_seccomp_policy(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        (void)context;
        if (str_equal(value, "default"))
                return 0;
        return run_invalid(err, row, value,
                           "only default: an image does not decide what is allowed to it; write "
                           "its profile to a file, for --security-opt seccomp=FILE");
}

int run_take_personality(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        struct container_spec *spec = context;

        if (!str_equal(value, "LINUX") && !str_equal(value, "LINUX32"))
                return run_invalid(err, row, value, "not LINUX or LINUX32");
        str_replace(&spec->personality, value);
        return 0;
}

int run_take_restart(void *context, const struct option_row *row, const char *value,
                     struct error *err)
{
        struct container_spec *spec = context;
        const char *tries = str_after(value, "on-failure:");
        unsigned long long number;

        if (str_equal(value, "no") || str_equal(value, "never")) {
                str_replace(&spec->restart, NULL);
                return 0;
        }
        if (!str_equal(value, "always") && !str_equal(value, "unless-stopped") &&
            !str_equal(value, "on-failure") &&
            !(tries && str_to_u64(tries, INT32_MAX - 1, &number)))
                return run_invalid(err, row, value,
                                   "not no, always, unless-stopped or on-failure[:N]");
        str_replace(&spec->restart, value);
        return 0;
}

static bool run_is_address(const char *text)
{
        struct in6_addr address;

        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* --add-host NAME[;NAME…]:ADDRESS, the address of IPv6 perhaps in brackets. */
int run_take_host(void *context, const struct option_row *row, const char *value, struct error *err)
{
        struct container_spec *spec = context;
        size_t length = strcspn(value, ":");
        const char *rest = value[length] ? value + length + 1 : "";
        bool bracketed = *rest == '[' && str_has_suffix(rest, "]");
        AUTO_FREE char *address = str_dupn(rest + bracketed, strlen(rest) - 2u * bracketed);

        if (!length || value[strcspn(value, " \t\n#")] ||
            (!run_is_address(address) && !str_equal(address, "host-gateway")))
                return run_invalid(err, row, value, "not of the form NAME:ADDRESS");
        strv_appendf(&spec->add_hosts, "%.*s:%s", (int)length, value, address);
        return 0;
}

int run_take_dns(void *context, const struct option_row *row, const char *value, struct error *err)
{
        if (!str_equal(value, "none") && !run_is_address(value))
                return run_invalid(err, row, value, "not an address, nor none");
        return option_take_list(context, row, value, err);
}

/* Words for a line of resolv.conf. */
int run_take_word(void *context, const struct option_row *row, const char *value, struct error *err)
{
        if (!*value || value[strcspn(value, " \t\n")])
                return run_invalid(err, row, value, "empty, or holds a blank");
        return option_take_list(context, row, value, err);
}

/* --env NAME=VALUE, NAME, or a beginning of names and *. */
int run_take_env(void *context, const struct option_row *row, const char *value, struct error *err)
{
        if (!*value || *value == '=')
                return run_invalid(err, row, value, "the name is empty");
        return option_take_list(context, row, value, err);
}

int run_take_health(void *context, const struct option_row *row, const char *value,
                    struct error *err)
{
        AUTO_HEALTH_SETTINGS struct health_settings checked = { 0 };
        struct container_spec *spec = context;
        bool on = true;

        if (row->kind == OPTION_FLAG && value && option_parse_bool(row->name, value, &on, err) < 0)
                return -1;
        health_settings_init(&checked);
        if (health_settings_take(&checked, row->name, value, err) < 0)
                return -1;
        if (on)
                strv_appendf(&spec->health, "%s=%s", row->name, value ? value : "");
        return 0;
}
