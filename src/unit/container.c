/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Container]: the keys whose meaning is more than an option, and what the service needs for them.
 */
#include "limits.h"
#include "name.h"
#include "service.h"
#include "translate.h"
#include "words.h"

enum {
        STOP_GRACE = 10 /* seconds systemd waits beyond StopTimeout=, for our own work */
};

/* What ContainerName= says, or the default; owned. */
static char *container_name(const struct translation *t)
{
        char *given = value_read(&t->source->file, "Container", "ContainerName");

        if (given)
                return given;
        return str_dup(strchr(t->source->name, '@') ? "systemd-%p_%i" : "systemd-%N");
}

int emit_container_name(struct translation *t, const struct unit_key *row,
                        const struct values *values, struct error *err)
{
        if (!name_is_resource(t->name))
                return unit_error(err, values->count ? values->items[0].line : NULL,
                                  "%s=%s: a name begins with a letter or digit and has only "
                                  "letters, digits, '_', '.' and '-'",
                                  row->name, t->name);
        words_add_text(&t->args, row->option);
        words_add(&t->args, t->name);
        words_add_text(&t->args, "--replace");
        words_add_text(&t->args, "--rm");
        return 0;
}

int emit_cgroups(struct translation *t, const struct unit_key *row, const struct values *values,
                 struct error *err)
{
        const char *mode = values->count ? values->items[0].text : "split";

        (void)err;
        if (str_equal(mode, "split")) {
                words_add_parts(&t->args, row->option, "=", mode);
        } else {
                words_add_text(&t->args, row->option);
                words_add(&t->args, mode);
        }
        return 0;
}

/* A oneshot service waits for the end of `crunit run`; any other is handed over to systemd. */
int emit_notify(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        const char *mode = "conmon";
        bool truth;

        if (values->count && str_equal(values->items[0].text, "healthy")) {
                mode = "healthy";
        } else if (values->count) {
                if (!value_parse_bool(values->items[0].text, &truth))
                        return unit_error(err, values->items[0].line,
                                          "%s=%s: not true, false or healthy", row->name,
                                          values->items[0].text);
                mode = truth ? "container" : "conmon";
        }
        if (t->oneshot)
                return 0;
        words_add_parts(&t->args, row->option, "=", mode);
        words_add_text(&t->args, "-d");
        return 0;
}

int emit_volatile_tmp(struct translation *t, const struct unit_key *row,
                      const struct values *values, struct error *err)
{
        (void)err;
        if (str_equal(values->items[0].text, "false") ||
            value_read_bool(&t->source->file, "Container", "ReadOnly", false))
                return 0;
        words_add_text(&t->args, row->option);
        words_add_text(&t->args, "/tmp:rw,size=512M,mode=1777");
        return 0;
}

int emit_user(struct translation *t, const struct unit_key *row, const struct values *values,
              struct error *err)
{
        AUTO_FREE char *group = value_read(&t->source->file, "Container", "Group");

        if (group && !values->count) {
                unit_error(err, unit_last(&t->source->file, "Container", "Group"),
                           "Group=%s has no meaning without User=", group);
                return error_alias(err, "invalid Group set without User");
        }
        if (!values->count)
                return 0;
        words_add_text(&t->args, row->option);
        words_add_parts(&t->args, values->items[0].text, group ? ":" : "", group ? group : "");
        return 0;
}

/* A command, the container's name and more words as an Exec line of the unit. */
static void add_command(struct translation *t, const char *key, const char *command,
                        const struct values *more)
{
        AUTO_STRBUF struct strbuf words = { 0 };

        words_add_text(&words, command);
        words_add(&words, t->name);
        for (size_t i = 0; more && i < more->count; i++)
                words_add(&words, more->items[i].text);
        translate_exec(t, key, &words);
}

static int add_reload(struct translation *t, struct error *err)
{
        AUTO_VALUES struct values command = { 0 };
        AUTO_STRBUF struct strbuf words = { 0 };
        AUTO_FREE char *signal = value_read(&t->source->file, "Container", "ReloadSignal");

        if (values_read_key(&t->source->file, "Container", "ReloadCmd", &command, t->report, err) <
            0)
                return -1;
        if (command.count && signal) {
                unit_error(err, command.items[0].line,
                           "ReloadCmd= and ReloadSignal= exclude each other");
                return error_alias(err, "ReloadCmd and ReloadSignal are mutually exclusive but "
                                        "both are set");
        }
        if (command.count)
                add_command(t, "ExecReload", "exec", &command);
        if (!signal)
                return 0;
        words_add_text(&words, "kill --signal");
        words_add(&words, signal);
        words_add(&words, t->name);
        translate_exec(t, "ExecReload", &words);
        return 0;
}

/* What an option of PodmanArgs=, whose values are added to found, or else the key says; owned, or
 * NULL. */
static char *last_option(const struct translation *t, const struct values *args, const char *option,
                         const char *key, struct values *found)
{
        podman_args_find(args, option, 0, false, found);
        if (found->count)
                return str_dup(found->items[found->count - 1].text);
        return value_read(&t->source->file, "Container", key);
}

/* systemd must not give up before crunit does. */
static int add_stop_timeout(struct translation *t, const struct values *args, struct error *err)
{
        AUTO_VALUES struct values values = { 0 };
        AUTO_FREE char *text = last_option(t, args, "--stop-timeout", "StopTimeout", &values);
        const struct unit_line *line =
                values.count ? values.items[values.count - 1].line
                             : unit_last(&t->source->file, "Container", "StopTimeout");
        const char *name = values.count ? "PodmanArgs=--stop-timeout " : "StopTimeout=";
        AUTO_FREE char *timeout = NULL;
        unsigned long long seconds;

        if (!text || strpbrk(text, "%$"))
                return 0;
        if (str_equal(text, "-1"))
                timeout = str_dup("infinity");
        else if (str_to_u64(text, 0x7fffffff, &seconds))
                timeout = str_format("%llu", seconds + STOP_GRACE);
        else
                return unit_error(err, line, "%s%s: not a number of seconds", name, text);
        if (!translate_has(t, "TimeoutSec"))
                translate_default_owned(t, "TimeoutStopSec", steal_str(&timeout));
        return 0;
}

/* What LogOpt=tag= says last, or NULL; borrowed from options. Templates are the container engine's
 * own language. */
static const char *log_tag(const struct translation *t, const struct values *options)
{
        const struct value *last = NULL;
        const char *tag;

        for (size_t i = 0; i < options->count; i++)
                if (str_after(options->items[i].text, "tag="))
                        last = &options->items[i];
        tag = last ? str_after(last->text, "tag=") : NULL;
        if (str_empty(tag) || strstr(tag, "{{"))
                return NULL;
        if (unit_is_value(tag))
                return tag;
        report_at(t->report, REPORT_WARNING, unit_value_place(last->line),
                  "LogOpt=%s: a unit's SyslogIdentifier= cannot begin or end like this; it stays "
                  "the unit's name",
                  last->text);
        return NULL;
}

/* The journal's fields are systemd's to write. */
static void add_log_fields(struct translation *t, const char *tag)
{
        struct strbuf fields = { 0 };

        if (!strchr(t->name, '$'))
                words_add_parts(&fields, "CONTAINER_NAME=", t->name);
        if (tag)
                words_add_parts(&fields, "CONTAINER_TAG=", tag);
        if (fields.length)
                unit_add_owned(&t->service, "Service", "LogExtraFields", strbuf_steal(&fields));
}

static void add_service_defaults(struct translation *t, const char *tag)
{
        service_add_defaults(t);
        translate_default(t, "Delegate", "yes");
        translate_default_owned(t, "SyslogIdentifier", str_dup(tag ? tag : "%N"));
        unit_add(&t->service, "Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
        /* systemd expands specifiers in these, but no variables. */
        if (!strchr(t->name, '$'))
                unit_add_owned(&t->service, "Service", "RuntimeDirectory",
                               str_concat("crunit/containers/", t->name, "@%N"));
        /* A user's manager does not support it. */
        if (!t->set->is_user)
                add_log_fields(t, tag);
}

/* The unit keys that follow from [Container]; everything that is wrong is reported. */
static int add_service_keys(struct translation *t)
{
        AUTO_VALUES struct values args = { 0 };
        AUTO_VALUES struct values log_options = { 0 };
        AUTO_ERROR struct error limit = { 0 };
        AUTO_ERROR struct error timeout = { 0 };
        int result = 0;

        if (values_read_key(&t->source->file, "Container", "LogOpt", &log_options, NULL, &limit) <
            0)
                return -1; /* reported with the key itself */
        if (values_read_key(&t->source->file, "Container", "PodmanArgs", &args, NULL, &limit) < 0)
                return -1; /* reported with the key itself */
        podman_args_find(&args, "--log-opt", 0, false, &log_options);
        add_service_defaults(t, log_tag(t, &log_options));
        if (limits_add(t, &args, &limit) < 0) {
                report_failure(t->report, &limit);
                result = -1;
        }
        if (io_limits_add(t, &args) < 0 || time_limits_add(t, &args) < 0)
                result = -1;
        if (add_stop_timeout(t, &args, &timeout) < 0) {
                report_failure(t->report, &timeout);
                result = -1;
        }
        devices_add(t);
        secrets_add(t, &args);
        return result;
}

/* An end that nobody asked for is noticed by the log pump. Without one, published ports would lead
 * nowhere until the next start, so this costs the stop one line more. */
static void add_clean_up(struct translation *t)
{
        AUTO_VALUES struct values args = { 0 };
        AUTO_VALUES struct values ports = { 0 };
        AUTO_VALUES struct values drivers = { 0 };
        AUTO_VALUES struct values networks = { 0 };
        AUTO_ERROR struct error reported = { 0 }; /* with the key itself */
        AUTO_FREE char *driver = NULL;
        AUTO_FREE char *network = NULL;

        values_read_key(&t->source->file, "Container", "PodmanArgs", &args, NULL, &reported);
        driver = last_option(t, &args, "--log-driver", "LogDriver", &drivers);
        if (!str_equal(driver, "passthrough") && !str_equal(driver, "none"))
                return;
        network = last_option(t, &args, "--network", "Network", &networks);
        if (str_equal(network, "host") || str_equal(network, "none"))
                return;
        podman_args_find(&args, "--publish", 'p', false, &ports);
        podman_args_find(&args, "--publish-all", 'P', true, &ports);
        if (ports.count || unit_last_value(&t->source->file, "Container", "PublishPort"))
                add_command(t, "ExecStopPost", "stop --ignore", NULL);
}

int translate_container(struct translation *t, struct error *err)
{
        int result = service_check(t);

        t->name = container_name(t);
        words_add_text(&t->args, "run");
        if (translate_keys(t) < 0)
                result = -1;
        if (add_service_keys(t) < 0)
                result = -1;
        translate_exec(t, "ExecStart", &t->args);
        if (add_reload(t, err) < 0)
                result = -1;
        add_command(t, "ExecStop", "stop --ignore", NULL);
        add_clean_up(t);
        return result;
}
