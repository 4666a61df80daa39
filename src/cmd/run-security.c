/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --security-opt of `crunit run`: a name, = or :, and what each name understands. */
#include "run-values.h"

#include "../container/spec.h"

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

int run_take_security(void *context, const struct option_row *row, const char *value,
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
