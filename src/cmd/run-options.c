/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-options.h"

#include "../container/caps.h"
#include "../container/device.h"
#include "../container/mount.h"
#include "../container/path.h"
#include "../container/signal.h"
#include "../container/size.h"
#include "../container/ulimit.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

static void *run_field(void *context, const struct option_row *row)
{
        return (char *)context + row->field;
}

/* "--name VALUE" in front of what is wrong with it. */
static int run_wrap(struct error *err, const struct option_row *row, const char *value)
{
        return error_wrap(err, "--%s %s", row->name, value);
}

static int run_invalid(struct error *err, const struct option_row *row, const char *value,
                       const char *why)
{
        return error_set(err, EINVAL, "--%s %s: %s", row->name, value, why);
}

static int run_take_size(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        uint64_t *place = run_field(context, row);

        if (!size_parse(value, place))
                return run_invalid(err, row, value, "not a size (a number with b, k, m, g or t)");
        return 0;
}

/* --memory-swap: a size, or -1 for no limit. */
static int run_take_swap(void *context, const struct option_row *row, const char *value,
                         struct error *err)
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

static int run_take_u64(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        uint64_t *place = run_field(context, row);
        int64_t number;

        if (!run_integer(value, 0, INT64_MAX, &number))
                return run_invalid(err, row, value, "not a whole number");
        *place = (uint64_t)number;
        return 0;
}

static int run_take_i64(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        int64_t *place = run_field(context, row);

        if (!run_integer(value, -1, INT64_MAX, place))
                return run_invalid(err, row, value, "not a whole number or -1");
        return 0;
}

static int run_take_unsigned(void *context, const struct option_row *row, const char *value,
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
static int run_take_stop_timeout(void *context, const struct option_row *row, const char *value,
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
static int run_take_cpus(void *context, const struct option_row *row, const char *value,
                         struct error *err)
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

static int run_take_oom_score(void *context, const struct option_row *row, const char *value,
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

static int run_take_umask(void *context, const struct option_row *row, const char *value,
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

static int run_take_signal(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        int *place = run_field(context, row);
        int number = signal_parse(value);

        if (number < 0)
                return run_invalid(err, row, value, "not a signal's name or number");
        *place = number;
        return 0;
}

static int run_take_caps(void *context, const struct option_row *row, const char *value,
                         struct error *err)
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

static int run_take_mounts(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        struct container_spec *spec = context;

        if (run_take_mount(spec, row, value, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < spec->mount_count; i++)
                if (str_equal(spec->mounts[i].target, spec->mounts[spec->mount_count - 1].target))
                        return error_set(err, EINVAL, "--%s %s: %s is mounted over twice",
                                         row->name, value, spec->mounts[i].target);
        return 0;
}

static int run_take_device(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        struct spec_device device = { 0 };

        if (device_parse(value, &device, err) < 0)
                return run_wrap(err, row, value);
        *spec_add_device(context) = device;
        return 0;
}

static int run_take_device_rule(void *context, const struct option_row *row, const char *value,
                                struct error *err)
{
        if (device_check_rule(value, err) < 0)
                return run_wrap(err, row, value);
        return option_take_list(context, row, value, err);
}

static int run_take_ulimit(void *context, const struct option_row *row, const char *value,
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
static int run_take_pair(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        const char *equals = strchr(value, '=');

        if (!equals || equals == value)
                return run_invalid(err, row, value, "not of the form NAME=VALUE");
        return option_take_list(context, row, value, err);
}

/* A label may stand without a value. */
static int run_take_label(void *context, const struct option_row *row, const char *value,
                          struct error *err)
{
        if (!*value || *value == '=')
                return run_invalid(err, row, value, "the name is empty");
        if (strchr(value, '='))
                return option_take_list(context, row, value, err);
        strv_appendf(run_field(context, row), "%s=", value);
        return 0;
}

static int run_take_path(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        char **place = run_field(context, row);

        if (value[0] != '/')
                return run_invalid(err, row, value, "not an absolute path");
        free(*place);
        *place = path_clean(value);
        return 0;
}

static int run_take_hostname(void *context, const struct option_row *row, const char *value,
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
static int run_take_name(void *context, const struct option_row *row, const char *value,
                         struct error *err)
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

/* One of a few words. */
struct run_choice {
        const char *word;
        int value;
};

static int run_choose(const struct run_choice *choices, const struct option_row *row,
                      const char *value, int *ret, struct error *err)
{
        AUTO_STRBUF struct strbuf known = { 0 };

        for (size_t i = 0; choices[i].word; i++) {
                if (str_equal(choices[i].word, value)) {
                        *ret = choices[i].value;
                        return 0;
                }
                strbuf_appendf(&known, "%s%s", i ? ", " : "", choices[i].word);
        }
        return error_set(err, EINVAL, "--%s %s: not one of %s", row->name, value, known.data);
}

static int run_take_log_driver(void *context, const struct option_row *row, const char *value,
                               struct error *err)
{
        static const struct run_choice choices[] = { { "journald", SPEC_LOG_JOURNALD },
                                                     { "passthrough", SPEC_LOG_PASSTHROUGH },
                                                     { "none", SPEC_LOG_NONE },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (str_equal(value, "k8s-file") || str_equal(value, "json-file"))
                return error_set(err, EOPNOTSUPP,
                                 "--%s %s: logs go to the journal, use journald, passthrough or "
                                 "none",
                                 row->name, value);
        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->log_driver = (enum spec_log)choice;
        return 0;
}

static int run_take_sdnotify(void *context, const struct option_row *row, const char *value,
                             struct error *err)
{
        static const struct run_choice choices[] = { { "conmon", SPEC_NOTIFY_CONMON },
                                                     { "container", SPEC_NOTIFY_CONTAINER },
                                                     { "healthy", SPEC_NOTIFY_HEALTHY },
                                                     { "ignore", SPEC_NOTIFY_NONE },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->notify = (enum spec_notify)choice;
        return 0;
}

static int run_take_pull(void *context, const struct option_row *row, const char *value,
                         struct error *err)
{
        static const struct run_choice choices[] = {
                { "always", 0 }, { "missing", 0 }, { "never", 0 }, { "newer", 0 }, { NULL, 0 }
        };
        int choice;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        return option_take_string(context, row, value, err);
}

static int run_take_image_volume(void *context, const struct option_row *row, const char *value,
                                 struct error *err)
{
        static const struct run_choice choices[] = { { "anonymous", SPEC_IMAGE_VOLUME_ANONYMOUS },
                                                     { "bind", SPEC_IMAGE_VOLUME_ANONYMOUS },
                                                     { "tmpfs", SPEC_IMAGE_VOLUME_TMPFS },
                                                     { "ignore", SPEC_IMAGE_VOLUME_IGNORE },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->image_volume = (enum spec_image_volume)choice;
        return 0;
}

static int run_take_systemd(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        static const struct run_choice choices[] = { { "true", SPEC_SYSTEMD_AUTO },
                                                     { "false", SPEC_SYSTEMD_NEVER },
                                                     { "always", SPEC_SYSTEMD_ALWAYS },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = 0;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->systemd_mode = (enum spec_systemd)choice;
        return 0;
}

static int run_take_cgroups(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        enum {
                ENABLED,
                SPLIT,
                DISABLED
        };
        static const struct run_choice choices[] = { { "enabled", ENABLED },
                                                     { "split", SPLIT },
                                                     { "no-conmon", ENABLED },
                                                     { "disabled", DISABLED },
                                                     { NULL, 0 } };
        struct container_spec *spec = context;
        int choice = ENABLED;

        if (run_choose(choices, row, value, &choice, err) < 0)
                return -1;
        spec->cgroups_split = choice == SPLIT;
        spec->cgroups_disabled = choice == DISABLED;
        return 0;
}

static int run_take_network(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        struct container_spec *spec = context;
        enum spec_network kind = str_equal(value, "host")   ? SPEC_NETWORK_HOST
                                 : str_equal(value, "none") ? SPEC_NETWORK_NONE
                                                            : SPEC_NETWORK_OTHER;

        if (spec->networks.count &&
            (kind != SPEC_NETWORK_OTHER || spec->network != SPEC_NETWORK_OTHER) &&
            !str_equal(value, spec->networks.items[0]))
                return error_set(err, EINVAL, "--network %s: does not go with --network %s", value,
                                 spec->networks.items[0]);
        spec->network = kind;
        return option_take_list(context, row, value, err);
}

/* The parts of --security-opt label=…. */
static int run_take_security_label(struct container_spec *spec, const struct option_row *row,
                                   const char *whole, const char *label, struct error *err)
{
        struct {
                const char *prefix;
                char **place;
        } parts[] = {
                { "type:", &spec->label_type },         { "level:", &spec->label_level },
                { "filetype:", &spec->label_filetype }, { "user:", &spec->label_user },
                { "role:", &spec->label_role },
        };

        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
                const char *value = str_after(label, parts[i].prefix);

                if (value) {
                        str_replace(parts[i].place, value);
                        return 0;
                }
        }
        if (str_equal(label, "disable"))
                spec->label_disable = true;
        else if (str_equal(label, "nested"))
                spec->label_nested = true;
        else
                return run_invalid(err, row, whole,
                                   "a label is disable, nested, or type:, level:, filetype:, user: "
                                   "or role: with a value");
        return 0;
}

static int run_take_security_value(struct container_spec *spec, const struct option_row *row,
                                   const char *whole, const char *name, const char *value,
                                   struct error *err)
{
        if (str_equal(name, "seccomp"))
                str_replace(&spec->seccomp, value);
        else if (str_equal(name, "apparmor"))
                str_replace(&spec->apparmor, value);
        else if (str_equal(name, "label"))
                return run_take_security_label(spec, row, whole, value, err);
        else if (str_equal(name, "mask"))
                strv_split(&spec->mask, value, ":", false);
        else if (str_equal(name, "unmask"))
                strv_split(&spec->unmask, value, strchr(value, ':') ? ":" : ",", false);
        else if (str_equal(name, "proc-opts"))
                strv_split(&spec->proc_opts, value, ",", false);
        else if (str_equal(name, "no-new-privileges"))
                return option_parse_bool("security-opt no-new-privileges", value,
                                         &spec->no_new_privileges, err);
        else
                return run_invalid(err, row, whole,
                                   "known are apparmor, label, mask, no-new-privileges, proc-opts, "
                                   "seccomp and unmask");
        return 0;
}

static int run_take_security(void *context, const struct option_row *row, const char *value,
                             struct error *err)
{
        struct container_spec *spec = context;
        size_t length = strcspn(value, "=:");
        AUTO_FREE char *name = str_dupn(value, length);

        if (!value[length] && str_equal(name, "no-new-privileges")) {
                spec->no_new_privileges = true;
                return 0;
        }
        if (!value[length])
                return run_invalid(err, row, value, "not of the form NAME=VALUE");
        return run_take_security_value(spec, row, value, name, value + length + 1, err);
}

static int run_take_restart(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        (void)context;
        if (str_equal(value, "no") || str_equal(value, "never"))
                return 0;
        return run_invalid(err, row, value,
                           "restarting is systemd's: write Restart= into the unit's [Service]");
}

/* --env NAME=VALUE, NAME, or a beginning of names and *. */
static int run_take_env(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        if (!*value || *value == '=')
                return run_invalid(err, row, value, "the name is empty");
        return option_take_list(context, row, value, err);
}

static int run_take_health(void *context, const struct option_row *row, const char *value,
                           struct error *err)
{
        struct container_spec *spec = context;

        (void)err;
        strv_appendf(&spec->health, "%s=%s", row->name, value ? value : "true");
        return 0;
}

/* Accepted, because it asks for what happens anyway or says how to show it. */
static int run_take_nothing(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        (void)context;
        (void)row;
        (void)value;
        (void)err;
        return 0;
}

/* Kept for spec_check_supported() to refuse. A switch that is off asks for nothing. */
static int run_take_unsupported(void *context, const struct option_row *row, const char *value,
                                struct error *err)
{
        struct container_spec *spec = context;
        bool on = true;

        if (row->kind == OPTION_FLAG) {
                if (value && option_parse_bool(row->name, value, &on, err) < 0)
                        return -1;
                if (on)
                        strv_appendf(&spec->unsupported, "--%s", row->name);
                return 0;
        }
        strv_appendf(&spec->unsupported, "--%s %s", row->name, value);
        return 0;
}

#define FIELD(member) offsetof(struct container_spec, member)
#define VALUE(long_name, short_name, shown, text, function, member)                                \
        {                                                                                          \
                .name = long_name, .letter = short_name, .kind = OPTION_VALUE, .argument = shown,  \
                .help = text, .take = function, .field = FIELD(member)                             \
        }
#define FLAG(long_name, short_name, text, member)                                                  \
        {                                                                                          \
                .name = long_name, .letter = short_name, .kind = OPTION_FLAG, .help = text,        \
                .take = option_take_bool, .field = FIELD(member)                                   \
        }
#define HEALTH(long_name)                                                                          \
        {                                                                                          \
                .name = long_name, .kind = OPTION_VALUE, .take = run_take_health                   \
        }
#define IGNORED(long_name, how)                                                                    \
        {                                                                                          \
                .name = long_name, .kind = how, .take = run_take_nothing                           \
        }
#define REFUSED(long_name, how)                                                                    \
        {                                                                                          \
                .name = long_name, .kind = how, .take = run_take_unsupported                       \
        }

/* clang-format off */
const struct option_row run_options[] = {
        VALUE("add-host", 0, "NAME:IP", "add a line to /etc/hosts", option_take_list, add_hosts),
        VALUE("annotation", 0, "NAME=VALUE", "add an annotation", run_take_pair, annotations),
        VALUE("cap-add", 0, "NAME", "add a capability, or ALL", run_take_caps, cap_add),
        VALUE("cap-drop", 0, "NAME", "drop a capability, or ALL", run_take_caps, cap_drop),
        VALUE("cgroup-conf", 0, "FILE=VALUE", "write to a file of the cgroup", run_take_pair, cgroup_conf),
        VALUE("cgroup-parent", 0, "PATH", "the cgroup to make the container's in", option_take_string, cgroup_parent),
        VALUE("cgroupns", 0, "MODE", "cgroup namespace: private or host", option_take_string, cgroup_ns),
        VALUE("cgroups", 0, "HOW", "enabled, split (stay in this cgroup) or disabled", run_take_cgroups, name),
        VALUE("cidfile", 0, "FILE", "write the container's id there", option_take_string, cidfile),
        VALUE("cpu-period", 0, "USEC", "period of the processor quota", run_take_u64, cpu_period),
        VALUE("cpu-quota", 0, "USEC", "processor time in each period", run_take_i64, cpu_quota),
        VALUE("cpu-shares", 'c', "SHARES", "weight among others, 1024 for one share", run_take_u64, cpu_shares),
        VALUE("cpus", 0, "NUMBER", "processors to use at most, as 1.5", run_take_cpus, name),
        VALUE("cpuset-cpus", 0, "LIST", "processors to run on, as 0-3,7", option_take_string, cpuset_cpus),
        VALUE("cpuset-mems", 0, "LIST", "memory nodes to use", option_take_string, cpuset_mems),
        FLAG("detach", 'd', "do not wait for the container", detach),
        VALUE("device", 0, "HOST[:CTR][:rwm]", "give a device", run_take_device, name),
        VALUE("device-cgroup-rule", 0, "RULE", "allow devices by number, as c 1:3 rwm", run_take_device_rule, device_cgroup_rules),
        VALUE("dns", 0, "ADDRESS", "name server, or none for no resolv.conf", option_take_list, dns),
        VALUE("dns-option", 0, "OPTION", "option of resolv.conf", option_take_list, dns_options),
        VALUE("dns-search", 0, "DOMAIN", "search domain, or . for none", option_take_list, dns_search),
        VALUE("entrypoint", 0, "COMMAND", "replace the image's entry point (a word or JSON)", option_take_string, entrypoint),
        VALUE("env", 'e', "NAME[=VALUE]", "set a variable, or take it from here", run_take_env, env),
        VALUE("env-file", 0, "FILE", "read variables from a file", option_take_list, env_files),
        FLAG("env-host", 0, "take all variables from here", env_host),
        VALUE("expose", 0, "PORT", "declare a port", option_take_list, expose),
        VALUE("group-add", 0, "GROUP", "add a supplementary group", option_take_list, groups),
        HEALTH("health-cmd"),
        HEALTH("health-interval"),
        HEALTH("health-log-destination"),
        HEALTH("health-max-log-count"),
        HEALTH("health-max-log-size"),
        HEALTH("health-on-failure"),
        HEALTH("health-retries"),
        HEALTH("health-start-period"),
        HEALTH("health-startup-cmd"),
        HEALTH("health-startup-interval"),
        HEALTH("health-startup-retries"),
        HEALTH("health-startup-success"),
        HEALTH("health-startup-timeout"),
        HEALTH("health-timeout"),
        VALUE("hostname", 'h', "NAME", "host name inside", run_take_hostname, hostname),
        FLAG("http-proxy", 0, "pass the proxy variables on (true)", http_proxy),
        VALUE("image-volume", 0, "HOW", "the image's volumes: anonymous, tmpfs or ignore", run_take_image_volume, name),
        FLAG("init", 0, "run a small init as process 1", init),
        VALUE("init-path", 0, "PATH", "the program for --init", run_take_path, init_path),
        FLAG("interactive", 'i', "keep standard input open", interactive),
        VALUE("ip", 0, "ADDRESS", "IPv4 address", option_take_string, ip),
        VALUE("ip6", 0, "ADDRESS", "IPv6 address", option_take_string, ip6),
        VALUE("ipc", 0, "MODE", "IPC namespace: private, none or host", option_take_string, ipc),
        VALUE("label", 'l', "NAME=VALUE", "add a label", run_take_label, labels),
        VALUE("log-driver", 0, "DRIVER", "journald, passthrough or none", run_take_log_driver, name),
        VALUE("log-opt", 0, "NAME=VALUE", "option of the log driver", run_take_pair, log_opts),
        VALUE("memory", 'm', "SIZE", "memory to use at most", run_take_size, memory),
        VALUE("memory-reservation", 0, "SIZE", "memory to be left with", run_take_size, memory_reservation),
        VALUE("memory-swap", 0, "SIZE", "memory and swap together, -1 for no limit", run_take_swap, memory_swap),
        VALUE("mount", 0, "type=TYPE,…", "mount something", run_take_mounts, name),
        VALUE("name", 0, "NAME", "the container's name", run_take_name, name),
        VALUE("network", 0, "MODE", "host or none", run_take_network, networks),
        VALUE("net", 0, "MODE", NULL, run_take_network, networks),
        VALUE("network-alias", 0, "NAME", "another name on the network", option_take_list, network_aliases),
        FLAG("no-hostname", 0, "no /etc/hostname of our making", no_hostname),
        FLAG("no-hosts", 0, "no /etc/hosts of our making", no_hosts),
        VALUE("oom-score-adj", 0, "NUMBER", "-1000 to 1000: whom the kernel kills first", run_take_oom_score, name),
        VALUE("pid", 0, "MODE", "process namespace: private or host", option_take_string, pid),
        VALUE("pidfile", 0, "FILE", "write the container's process id there", option_take_string, pidfile),
        VALUE("pids-limit", 0, "NUMBER", "processes at most, -1 for no limit", run_take_i64, pids_limit),
        VALUE("pod", 0, "NAME", NULL, option_take_string, pod),
        VALUE("preserve-fds", 0, "N", "pass file descriptors 3 to 2+N on", run_take_unsigned, preserve_fds),
        FLAG("privileged", 0, "all capabilities and devices, nothing masked", privileged),
        VALUE("publish", 'p', "PORTS", "publish a port", option_take_list, publish),
        VALUE("pull", 0, "WHEN", "always, missing, never or newer", run_take_pull, pull),
        FLAG("read-only", 0, "make the root file system read-only", read_only),
        FLAG("read-only-tmpfs", 0, "with it, writable /run, /tmp and /var/tmp (true)", read_only_tmpfs),
        FLAG("replace", 0, "remove a container of that name first", replace),
        VALUE("restart", 0, "no", NULL, run_take_restart, name),
        FLAG("rm", 0, "remove the container when it has ended", remove),
        FLAG("rootfs", 0, "the first word is a directory, not an image", use_rootfs),
        VALUE("sdnotify", 0, "WHO", "who reports ready: conmon (us), container, healthy or ignore", run_take_sdnotify, name),
        VALUE("secret", 0, "NAME[,…]", NULL, option_take_list, secrets),
        VALUE("security-opt", 0, "NAME=VALUE", "seccomp=, apparmor=, label=, mask=, unmask=, no-new-privileges", run_take_security, name),
        VALUE("shm-size", 0, "SIZE", "size of /dev/shm (64m)", run_take_size, shm_size),
        VALUE("stop-signal", 0, "SIGNAL", "the signal that ends the container", run_take_signal, stop_signal),
        VALUE("stop-timeout", 0, "SECONDS", "how long it may take (10)", run_take_stop_timeout, stop_timeout),
        VALUE("sysctl", 0, "NAME=VALUE", "set a kernel parameter of the container's namespaces", run_take_pair, sysctls),
        VALUE("systemd", 0, "WHEN", "prepare for systemd inside: true, false or always", run_take_systemd, name),
        VALUE("tmpfs", 0, "DIR[:OPTIONS]", "mount a file system in memory", run_take_mounts, name),
        FLAG("tty", 't', "give it a terminal", tty),
        VALUE("tz", 0, "ZONE", "time zone, or local", option_take_string, timezone),
        VALUE("ulimit", 0, "NAME=SOFT[:HARD]", "a resource limit, or host", run_take_ulimit, name),
        VALUE("umask", 0, "MODE", "umask of the program (0022)", run_take_umask, umask),
        VALUE("unsetenv", 0, "NAME", "unset a variable of the image", option_take_list, unset_env),
        FLAG("unsetenv-all", 0, "unset all variables of the image", unset_env_all),
        VALUE("user", 'u', "USER[:GROUP]", "user to run as", option_take_string, user),
        VALUE("userns", 0, "MODE", NULL, option_take_string, userns),
        VALUE("uts", 0, "MODE", "host name namespace: private or host", option_take_string, uts),
        VALUE("volume", 'v', "SRC:DIR[:OPTIONS]", "mount a directory or file of the host", run_take_mounts, name),
        VALUE("workdir", 'w', "DIR", "working directory", run_take_path, workdir),

        IGNORED("detach-keys", OPTION_VALUE),
        IGNORED("disable-content-trust", OPTION_FLAG),
        IGNORED("quiet", OPTION_FLAG),
        IGNORED("sig-proxy", OPTION_FLAG),
        IGNORED("no-healthcheck", OPTION_FLAG),
        IGNORED("retry", OPTION_VALUE),
        IGNORED("retry-delay", OPTION_VALUE),
        IGNORED("passwd", OPTION_FLAG),

        REFUSED("arch", OPTION_VALUE),
        REFUSED("attach", OPTION_VALUE),
        REFUSED("authfile", OPTION_VALUE),
        REFUSED("blkio-weight", OPTION_VALUE),
        REFUSED("blkio-weight-device", OPTION_VALUE),
        REFUSED("cert-dir", OPTION_VALUE),
        REFUSED("chrootdirs", OPTION_VALUE),
        REFUSED("conmon-pidfile", OPTION_VALUE),
        REFUSED("cpu-rt-period", OPTION_VALUE),
        REFUSED("cpu-rt-runtime", OPTION_VALUE),
        REFUSED("creds", OPTION_VALUE),
        REFUSED("decryption-key", OPTION_VALUE),
        REFUSED("device-read-bps", OPTION_VALUE),
        REFUSED("device-read-iops", OPTION_VALUE),
        REFUSED("device-write-bps", OPTION_VALUE),
        REFUSED("device-write-iops", OPTION_VALUE),
        REFUSED("env-merge", OPTION_VALUE),
        REFUSED("gidmap", OPTION_VALUE),
        REFUSED("gpus", OPTION_VALUE),
        REFUSED("group-entry", OPTION_VALUE),
        REFUSED("hosts-file", OPTION_VALUE),
        REFUSED("hostuser", OPTION_VALUE),
        REFUSED("init-ctr", OPTION_VALUE),
        REFUSED("label-file", OPTION_VALUE),
        REFUSED("link-local-ip", OPTION_VALUE),
        REFUSED("mac-address", OPTION_VALUE),
        REFUSED("memory-swappiness", OPTION_VALUE),
        REFUSED("oom-kill-disable", OPTION_FLAG),
        REFUSED("os", OPTION_VALUE),
        REFUSED("passwd-entry", OPTION_VALUE),
        REFUSED("personality", OPTION_VALUE),
        REFUSED("platform", OPTION_VALUE),
        REFUSED("pod-id-file", OPTION_VALUE),
        REFUSED("preserve-fd", OPTION_VALUE),
        REFUSED("publish-all", OPTION_FLAG),
        REFUSED("rdt-class", OPTION_VALUE),
        REFUSED("requires", OPTION_VALUE),
        REFUSED("rmi", OPTION_FLAG),
        REFUSED("seccomp-policy", OPTION_VALUE),
        REFUSED("shm-size-systemd", OPTION_VALUE),
        REFUSED("subgidname", OPTION_VALUE),
        REFUSED("subuidname", OPTION_VALUE),
        REFUSED("timeout", OPTION_VALUE),
        REFUSED("tls-verify", OPTION_FLAG),
        REFUSED("uidmap", OPTION_VALUE),
        REFUSED("variant", OPTION_VALUE),
        REFUSED("volumes-from", OPTION_VALUE),
        { .name = NULL },
};
/* clang-format on */

/* A directory, and `:O` behind it where changes are to be thrown away. */
static int run_set_rootfs(struct container_spec *spec, const char *word, struct error *err)
{
        size_t length = strlen(word);

        if (str_has_suffix(word, ":O")) {
                spec->rootfs_overlay = true;
                length -= 2;
        } else if (strchr(word, ':')) {
                return error_set(err, EOPNOTSUPP,
                                 "--rootfs %s: no option but :O is supported by this version",
                                 word);
        }
        free(spec->rootfs);
        spec->rootfs = str_dupn(word, length);
        return 0;
}

/* Sources on the command line are relative to where we were called. */
static int run_make_sources_absolute(struct container_spec *spec, struct error *err)
{
        AUTO_FREE char *here = NULL;

        for (size_t i = 0; i < spec->mount_count; i++) {
                struct spec_mount *mount = &spec->mounts[i];
                AUTO_FREE char *path = NULL;

                if (mount->type != SPEC_MOUNT_BIND || mount->source[0] == '/')
                        continue;
                if (!here && !(here = getcwd(NULL, 0)))
                        return error_errno(err, errno, "finding the working directory");
                path = str_format("%s/%s", here, mount->source);
                free(mount->source);
                mount->source = path_clean(path);
        }
        return 0;
}

int run_options_finish(struct container_spec *spec, int count, char **words, struct error *err)
{
        if (count < 1 || !*words[0])
                return error_set(err, EINVAL, "no image is given");
        if (spec->use_rootfs) {
                if (run_set_rootfs(spec, words[0], err) < 0)
                        return -1;
        } else {
                str_replace(&spec->image, words[0]);
        }
        for (int i = 1; i < count; i++)
                strv_append(&spec->args, words[i]);
        if (spec->memory_swap > 0 && (uint64_t)spec->memory_swap < spec->memory)
                return error_set(err, EINVAL, "--memory-swap is less than --memory");
        return run_make_sources_absolute(spec, err);
}

int run_options_parse(int argc, char **argv, struct container_spec *spec, struct error *err)
{
        int first;

        if (option_parse(run_options, true, argc, argv, spec, &first, err) < 0)
                return -1;
        return run_options_finish(spec, argc - first, argv + first, err);
}
