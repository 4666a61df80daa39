/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service.h"

static bool is_set_to_other(const struct unit_line *line, const char *one, const char *other)
{
        return line && *line->value && !str_equal(line->value, one) &&
               !str_equal(line->value, other);
}

static bool is_container(const struct translation *t)
{
        return str_equal(t->source->type->section, "Container");
}

static void warn_user(const struct translation *t)
{
        static const char *const keys[] = { "User", "Group", "DynamicUser" };

        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
                const struct unit_line *line = unit_last(&t->source->file, "Service", keys[i]);

                if (line && *line->value)
                        report_at(t->report, REPORT_WARNING, unit_key_place(line),
                                  "%s= in [Service] changes the user of crunit itself%s", keys[i],
                                  is_container(t)
                                          ? "; for the container's, use User= in [Container]"
                                          : "");
        }
}

static int check_exec(struct translation *t, struct error *err)
{
        const struct unit_line *exec = unit_last(&t->source->file, "Service", "ExecStart");

        if (!exec)
                return 0;
        return unit_error(err, exec, "ExecStart= is made from [%s]%s", t->source->type->section,
                          is_container(t) ? "; use Exec= there for the container's command" : "");
}

static int check_type(struct translation *t, struct error *err)
{
        const struct unit_line *type = unit_last(&t->source->file, "Service", "Type");

        t->oneshot = type && str_equal(type->value, "oneshot");
        if (!is_set_to_other(type, "notify", "oneshot"))
                return 0;
        unit_error(err, type, "Type=%s: such a service is notify or oneshot", type->value);
        return error_alias(err, "invalid service Type '%s'", type->value);
}

static int check_kill_mode(struct translation *t, struct error *err)
{
        const struct unit_line *kill = unit_last(&t->source->file, "Service", "KillMode");

        if (!is_set_to_other(kill, "mixed", "control-group"))
                return 0;
        unit_error(err, kill,
                   "KillMode=%s: would leave parts of the container behind; use control-group or "
                   "mixed",
                   kill->value);
        return error_alias(err, "invalid KillMode '%s'", kill->value);
}

typedef int service_function(struct translation *t, struct error *err);

int service_check(struct translation *t)
{
        static service_function *const checks[] = { check_exec, check_type, check_kill_mode };
        int result = 0;

        if (!unit_section(&t->source->file, "Service"))
                return 0;
        for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
                AUTO_ERROR struct error err = { 0 };

                if (checks[i](t, &err) < 0)
                        result = -1;
                report_failure(t->report, &err);
        }
        warn_user(t);
        return result;
}

void service_add_defaults(struct translation *t)
{
        if (str_empty(unit_last_value(&t->source->file, "Service", "Type")))
                unit_add(&t->service, "Service", "Type", "notify");
        translate_default(t, "NotifyAccess", "all");
        /* With mixed, systemd would kill the log pump before it has written the last lines. */
        translate_default(t, "KillMode", "control-group");
}

void service_add_directory(struct translation *t, const char *path)
{
        AUTO_FREE char *directory = reference_path(t, path);

        if (unit_last_value(&t->source->file, "Service", "WorkingDirectory"))
                return;
        /* A backslash at the end would take the next line, and a blank would get lost. */
        unit_add_owned(&t->service, "Service", "WorkingDirectory",
                       str_concat(directory, unit_is_value(directory) ? "" : "/"));
}
