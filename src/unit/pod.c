/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [Pod], and Pod= of containers. What the containers of the pod share outlives each of them and
 * needs no process: the service runs once and is there until it is stopped.
 *
 * That it ends with its last container is systemd's work: the units of its containers want an
 * instance of crunit-pod@.target, which stops when no unit wants it any more, and the pod's service
 * is a part of it. The service itself could not be the one that is not needed: what starts it at
 * boot needs it as long as the machine runs.
 */
#include "limits.h"
#include "name.h"
#include "translate.h"
#include "words.h"

enum {
        STOP_GRACE = 10 /* seconds systemd waits beyond StopTimeout=, for our own work */
};

/* Whether the pod stops with its last container; the default of a file is not that of the command.
 */
static bool pod_stops(const struct unit_source *pod)
{
        AUTO_FREE char *policy = value_read(&pod->file, "Pod", "ExitPolicy");

        return !policy || str_equal(policy, "stop");
}

int emit_exit_policy(struct translation *t, const struct unit_key *row, const struct values *values,
                     struct error *err)
{
        const char *policy = values->count ? values->items[0].text : "stop";

        if (!str_equal(policy, "stop") && !str_equal(policy, "continue"))
                return unit_error(err, values->items[0].line, "%s=%s: neither stop nor continue",
                                  row->name, policy);
        words_add_text(&t->args, row->option);
        words_add(&t->args, policy);
        return 0;
}

int emit_pod_name(struct translation *t, const struct unit_key *row, const struct values *values,
                  struct error *err)
{
        const char *name = t->source->resource;

        if (!name_is_resource(name))
                return unit_error(err, values->count ? values->items[0].line : NULL,
                                  "%s=%s: a name begins with a letter or digit and has only "
                                  "letters, digits, '_', '.' and '-'",
                                  row->name, name);
        words_add_text(&t->args, "--replace");
        words_add_text(&t->args, row->option);
        words_add(&t->args, name);
        return 0;
}

/* --- the pod's service */

/* The command ends when the pod is there, whatever kind of service the file says; and systemd
 * refuses to start such a one again that has come to a good end. */
static void add_type(struct translation *t)
{
        const char *type = unit_last_value(&t->source->file, "Service", "Type");
        const struct unit_line *line = unit_last(&t->source->file, "Service", "Restart");
        const char *restart = line ? line->value : NULL;

        if (!str_empty(type) && !str_equal(type, "oneshot"))
                unit_add(&t->service, "Service", "Type", "oneshot");
        if (!str_empty(restart) && !str_equal(restart, "always") &&
            !str_equal(restart, "on-success"))
                return;
        unit_add(&t->service, "Service", "Restart", "on-failure");
        if (!str_empty(restart))
                report_at(t->report, REPORT_WARNING, unit_value_place(line),
                          "Restart=%s becomes on-failure: the command that makes a pod ends when "
                          "the pod is there; Restart= of its containers is what restarts them",
                          restart);
}

static void add_members(struct translation *t)
{
        const struct strv *members = &t->source->members;

        for (size_t i = 0; i < members->count; i++) {
                unit_add(&t->service, "Unit", "Wants", members->items[i]);
                unit_add(&t->service, "Unit", "Before", members->items[i]);
        }
        if (pod_stops(t->source))
                unit_add(&t->service, "Unit", "PartOf", "crunit-pod@%N.target");
}

static int add_stop(struct translation *t, struct error *err)
{
        AUTO_FREE char *timeout = value_read(&t->source->file, "Pod", "StopTimeout");
        AUTO_STRBUF struct strbuf words = { 0 };
        unsigned long long seconds = STOP_GRACE;
        bool for_ever = str_equal(timeout, "-1"), known = timeout && !strpbrk(timeout, "%$");

        if (known && !for_ever && !str_to_u64(timeout, 0x7fffffff, &seconds))
                return unit_error(err, unit_last(&t->source->file, "Pod", "StopTimeout"),
                                  "StopTimeout=%s: not a number of seconds", timeout);
        if (known && !translate_has(t, "TimeoutSec"))
                translate_default_owned(t, "TimeoutStopSec",
                                        for_ever ? str_dup("infinity")
                                                 : str_format("%llu", seconds + STOP_GRACE));
        words_add_text(&words, "pod rm --ignore --force");
        words_add_parts(&words, "--time=", timeout ? timeout : "10");
        words_add(&words, t->source->resource);
        translate_exec(t, "ExecStopPost", &words);
        return 0;
}

/* --- limits of all its containers together */

/* Whether the pod's file gives any; the words are for the caller to free. */
static bool pod_is_limited(const struct unit_source *pod, struct values *ret_args)
{
        AUTO_ERROR struct error err = { 0 };

        if (!unit_last(&pod->file, "Pod", "PodmanArgs"))
                return false;
        /* Containers come before their pods. */
        keys_check(&pod->file, "Pod", NULL);
        return values_read_key(&pod->file, "Pod", "PodmanArgs", ret_args, NULL, &err) == 0 &&
               (limits_given(ret_args) || io_limits_given(ret_args));
}

/* A slice's limits are in its file; but there are no templates of slices, and systemd expands
 * variables and specifiers on Exec lines only. Then the command that makes the pod makes it. */
static bool is_made_later(const struct unit_source *pod, const struct values *args)
{
        bool later = name_is_template(pod->name);

        for (size_t i = 0; i < args->count; i++)
                later = later || strpbrk(args->items[i].text, "%$");
        return later;
}

static int add_slice(struct translation *t, struct error *err)
{
        struct unit_file *slice = &t->source->slice;
        AUTO_VALUES struct values args = { 0 };

        unit_free(slice);
        *slice = (struct unit_file){ 0 };
        if (!pod_is_limited(t->source, &args))
                return 0;
        unit_add_owned(slice, "Unit", "Description",
                       str_concat("Limits of the containers of ", t->source->service));
        unit_add_owned(slice, "Unit", "SourcePath",
                       str_dup(unit_last_value(&t->service, "Unit", "SourcePath")));
        unit_add(slice, "Unit", "StopWhenUnneeded", "yes");
        if (limits_add(t, &args, err) < 0 || io_limits_add(t, &args) < 0)
                return -1;
        if (!is_made_later(t->source, &args))
                return 0;
        unit_free(slice);
        *slice = (struct unit_file){ 0 };
        words_add(&t->args, "--make-slice");
        return 0;
}

/* What the user says of the container's cgroup counts. */
static void join_slice(struct translation *t, const struct unit_source *pod, const char *service)
{
        const struct unit_line *own = unit_last(&t->source->file, "Service", "Slice");
        AUTO_VALUES struct values args = { 0 };

        if (!pod_is_limited(pod, &args))
                return;
        if (!own || str_empty(own->value))
                unit_add_owned(&t->service, "Service", "Slice", name_slice(t->set, service));
        else
                report_at(t->report, REPORT_WARNING, unit_value_place(own),
                          "Slice=%s: the limits of %s are not for this container, because it is "
                          "in another slice",
                          own->value, pod->name);
}

/* --- the unit */

int translate_pod(struct translation *t, struct error *err)
{
        const char *name = t->source->resource;

        if (translate_oneshot(t, "pod create", err) < 0 || add_slice(t, err) < 0)
                return -1;
        add_type(t);
        unit_add(&t->service, "Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
        /* systemd expands specifiers in these, but no variables. */
        if (!strchr(name, '$'))
                unit_add_owned(&t->service, "Service", "RuntimeDirectory",
                               str_concat("crunit/pod-units/", name));
        add_members(t);
        translate_exec(t, "ExecStart", &t->args);
        return add_stop(t, err);
}

/* --- its containers */

/* The pod starts its containers (members), and they stop with it. */
static void add_to_pod(struct translation *t, const char *file, const char *service)
{
        struct unit_source *exact = unit_set_find(t->set, file);
        const struct unit_source *pod = name_find(t->set, file);

        unit_add_owned(&t->service, "Unit", "BindsTo", str_dup(service));
        unit_add_owned(&t->service, "Unit", "After", str_dup(service));
        if (pod && pod_stops(pod)) {
                AUTO_FREE char *unit = str_dupn(service, strlen(service) - strlen(".service"));

                /* systemd puts the instance behind a template's name, but not within another's. */
                unit_add_owned(&t->service, "Unit", "Wants",
                               str_concat("crunit-pod@", unit,
                                          str_has_suffix(unit, "@") ? "%i" : "", ".target"));
        }
        if (pod && pod->usable)
                join_slice(t, pod, service);
        if (exact && !name_is_template(file) && !name_is_template(t->source->name) &&
            value_read_bool(&t->source->file, "Container", "StartWithPod", true))
                strv_append(&exact->members, t->source->service);
}

/* What is the pod's cannot be one container's. */
static int check_member(const struct translation *t, struct error *err)
{
        const struct unit_file *file = &t->source->file;
        const struct unit_line *ports = unit_last(file, "Container", "PublishPort");

        if (!ports || str_empty(ports->value) || unit_last_value(file, "Container", "Network"))
                return 0;
        return unit_error(err, ports,
                          "PublishPort= is for the pod of this container: put it into %s",
                          unit_last_value(file, "Container", "Pod"));
}

int emit_pod(struct translation *t, const struct unit_key *row, const struct values *values,
             struct error *err)
{
        const struct value *value = &values->items[0];
        AUTO_FREE char *service = NULL;
        AUTO_FREE char *resource = NULL;

        if (!str_has_suffix(value->text, ".pod")) {
                unit_error(err, value->line, "Pod=%s: not the name of a .pod file", value->text);
                return error_alias(err, "pod %s is not Quadlet based", value->text);
        }
        if (reference_resolve(t, value->text, &service, &resource, err) < 0) {
                error_alias(err, "quadlet pod unit %s does not exist", value->text);
                return unit_error(err, value->line, "Pod=%s: %s", value->text, err->message);
        }
        if (check_member(t, err) < 0)
                return -1;
        words_add_text(&t->args, row->option);
        words_add(&t->args, resource);
        add_to_pod(t, value->text, service);
        return 0;
}
