/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transient.h"

#include "../base/log.h"
#include "../base/spawn.h"
#include "../base/stamp.h"
#include "interrupt.h"
#include "manager.h"
#include "pod.h"
#include "record.h"
#include "transient-file.h"
#include "unit-limits.h"

#include <signal.h>
#include <time.h>

enum {
        TRANSIENT_SHORT_ID = 12,
        TRANSIENT_TASKS = 2048,
        TRANSIENT_PROPERTIES = 40, /* more than there are */
};

/* A unit in the making; lists are what properties borrow. */
struct transient {
        const struct container_spec *spec;                       /* borrowed */
        char *unit, *id, *directory, *field, *cwd, *description; /* owned */
        char *slice;                                             /* owned; NULL: systemd's own */
        struct unit_limits limits;
        struct strv start, stop, directories, environment, devices; /* owned */
        struct manager_property properties[TRANSIENT_PROPERTIES];
        size_t count;
};

static void transient_free(struct transient *transient)
{
        free(transient->unit);
        free(transient->id);
        free(transient->directory);
        free(transient->field);
        free(transient->cwd);
        free(transient->description);
        strv_free(&transient->start);
        strv_free(&transient->stop);
        strv_free(&transient->directories);
        strv_free(&transient->environment);
        strv_free(&transient->devices);
        free(transient->slice);
        unit_limits_free(&transient->limits);
}

char *transient_unit_name(const char *name)
{
        return str_format("crunit-run-%s.service", name);
}

char *transient_label(const char *name)
{
        return str_format("%s@crunit-run-%s", name, name);
}

/* --- properties */

static struct manager_property *transient_add(struct transient *transient, const char *name)
{
        struct manager_property *property = &transient->properties[transient->count++];

        if (transient->count > TRANSIENT_PROPERTIES)
                abort();
        property->name = name;
        return property;
}

static void add_string(struct transient *transient, const char *name, const char *text)
{
        struct manager_property *property = transient_add(transient, name);

        property->kind = MANAGER_STRING;
        property->text = text;
}

static void add_number(struct transient *transient, const char *name, uint64_t number)
{
        struct manager_property *property = transient_add(transient, name);

        property->kind = MANAGER_U64;
        property->number = number;
}

static void add_list(struct transient *transient, const char *name, int kind,
                     const struct strv *list)
{
        struct manager_property *property = transient_add(transient, name);

        property->kind = (unsigned)kind;
        property->list = list;
}

/* What every unit of a container has; see src/unit/container.c. */
static void transient_add_basics(struct transient *transient)
{
        static const char *const strings[][2] = {
                { "Type", "notify" },
                { "NotifyAccess", "all" },
                { "KillMode", "control-group" },
        };
        struct manager_property *property;

        for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
                add_string(transient, strings[i][0], strings[i][1]);
        property = transient_add(transient, "Delegate");
        property->kind = MANAGER_BOOL;
        property->number = 1;
        property = transient_add(transient, "LogExtraFields");
        property->kind = MANAGER_BYTES;
        property->text = transient->field;
        if (transient->spec->remove)
                add_string(transient, "CollectMode", "inactive-or-failed");
        add_string(transient, "Description", transient->description);
        add_string(transient, "SyslogIdentifier", transient->spec->name);
        add_string(transient, "WorkingDirectory", transient->cwd);
        add_list(transient, "RuntimeDirectory", MANAGER_STRINGS, &transient->directories);
        add_list(transient, "Environment", MANAGER_STRINGS, &transient->environment);
        add_list(transient, "ExecStartEx", MANAGER_COMMAND, &transient->start);
        add_list(transient, "ExecStopEx", MANAGER_COMMAND, &transient->stop);
}

/* --restart no|always|unless-stopped|on-failure[:N] */
static void transient_add_restart(struct transient *transient)
{
        const char *policy = transient->spec->restart;
        const char *tries = policy ? str_after(policy, "on-failure:") : NULL;
        struct manager_property *property;

        if (!policy)
                return;
        add_string(transient, "Restart",
                   str_has_prefix(policy, "on-failure") ? "on-failure" : "always");
        add_number(transient, "StartLimitIntervalUSec", tries ? UINT64_MAX : 0);
        if (!tries)
                return;
        property = transient_add(transient, "StartLimitBurst");
        property->kind = MANAGER_U32;
        property->number = strtoull(tries, NULL, 10) + 1;
}

/* The cgroup is the unit's, so its limits are the unit's properties. */
static void transient_add_limits(struct transient *transient)
{
        const struct container_spec *spec = transient->spec;
        struct unit_limits *limits = &transient->limits;

        unit_limits_describe(spec, false, limits);
        for (size_t i = 0; i < limits->count; i++)
                *transient_add(transient, limits->properties[i].name) = limits->properties[i];
        if (!spec->pids_limit)
                add_number(transient, "TasksMax", TRANSIENT_TASKS);
        if (transient->slice)
                add_string(transient, "Slice", transient->slice);
}

/* The slice that was asked for, or that has the limits of the pod. */
static char *transient_choose_slice(const struct container_spec *spec)
{
        AUTO_POD struct pod pod = { 0 };

        if (spec->cgroup_parent)
                return str_has_suffix(spec->cgroup_parent, ".slice") ? str_dup(spec->cgroup_parent)
                                                                     : NULL;
        if (!spec->pod || pod_find(spec->pod, &pod, NULL) < 0)
                return NULL;
        return steal_str(&pod.slice);
}

/* A single DeviceAllow= closes all others, so it is all or nothing; see src/unit/devices.c. */
static void transient_add_devices(struct transient *transient)
{
        const struct container_spec *spec = transient->spec;

        if (spec->privileged || spec->device_cgroup_rules.count)
                return;
        for (size_t i = 0; i < spec->device_count; i++) {
                const struct spec_device *device = &spec->devices[i];
                const char *rights = device->rights ? device->rights : "rwm";

                strv_appendf(&transient->devices, "%s %s%s", device->host, rights,
                             strchr(rights, 'm') ? "" : "m");
        }
        add_string(transient, "DevicePolicy", "closed");
        if (transient->devices.count)
                add_list(transient, "DeviceAllow", MANAGER_DEVICES, &transient->devices);
}

/* --- what it gets of ours */

static void transient_take_environment(struct transient *transient)
{
        strv_appendf(&transient->environment, "PODMAN_SYSTEMD_UNIT=%s", transient->unit);
        strv_appendf(&transient->environment, "CRUNIT_CONTAINER_ID=%s", transient->id);
        for (char **item = environ; *item; item++) {
                AUTO_FREE char *name = str_dupn(*item, strcspn(*item, "="));

                if (record_wants(transient->spec, name))
                        strv_append(&transient->environment, *item);
        }
}

/* What stands in front of the given words: fixed, but for the name. */
static const char *const transient_words[] = { "--cgroups=split", "--replace", "--name", NULL,
                                               "--detach" };

char *const *transient_given_words(char *const *words)
{
        const size_t count = sizeof transient_words / sizeof *transient_words;

        if (!getenv("CRUNIT_CONTAINER_ID"))
                return NULL;
        for (size_t i = 0; i < count; i++)
                if (!words[i] || (transient_words[i] && !str_equal(words[i], transient_words[i])))
                        return NULL;
        return words + count;
}

static int transient_describe(struct transient *transient, char *const *words, struct error *err)
{
        const struct container_spec *spec = transient->spec;
        AUTO_FREE char *program = realpath("/proc/self/exe", NULL);
        AUTO_FREE char *label = NULL;

        if (!program)
                return error_errno(err, errno, "cannot find this program");
        transient->unit = transient_unit_name(spec->name);
        transient->description = str_format("Container %s", spec->name);
        transient->field = str_format("CONTAINER_NAME=%s", spec->name);
        transient->slice = transient_choose_slice(spec);
        transient->cwd = realpath(".", NULL);
        if (!transient->cwd)
                transient->cwd = str_dup("/");
        label = transient_label(spec->name);
        strv_appendf(&transient->directories, "crunit/containers/%s", label);
        strv_append(&transient->start, program);
        strv_append(&transient->start, "run");
        for (size_t i = 0; i < sizeof transient_words / sizeof *transient_words; i++)
                strv_append(&transient->start,
                            transient_words[i] ? transient_words[i] : spec->name);
        for (; *words; words++)
                strv_append(&transient->start, *words);
        strv_append(&transient->stop, program);
        strv_append(&transient->stop, "stop");
        strv_append(&transient->stop, "--ignore");
        strv_append(&transient->stop, spec->name);
        transient_take_environment(transient);
        return 0;
}

/* --- acting */

/* What it said on its way down, for who has no journal at hand. */
static char *transient_last_words(const char *unit, time_t since)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *text = NULL;
        size_t length;

        strv_split(&words, "journalctl --sync", " ", false);
        spawn_run(&words, NULL, SPAWN_BOTH, &text, NULL);
        strv_free(&words);
        free(steal_str(&text));
        strv_split(&words, "journalctl --quiet --no-pager --output=cat --lines=10", " ", false);
        strv_appendf(&words, "--since=@%lld", (long long)since);
        strv_appendf(&words, "_SYSTEMD_UNIT=%s", unit);
        if (spawn_run(&words, NULL, SPAWN_STDOUT, &text, NULL) != 0 || str_empty(text))
                return NULL;
        length = strlen(text);
        while (length && text[length - 1] == '\n')
                text[--length] = '\0';
        return steal_str(&text);
}

/* Without it the unit runs, until systemd reads it again. */
static void transient_mend_file(void *context)
{
        const struct transient *transient = context;
        AUTO_ERROR struct error err = { 0 };

        if (transient_file_mend(transient->unit, &transient->start, &transient->stop, &err) < 0)
                log_warning("%s", err.message);
}

static int transient_start(struct transient *transient, struct manager *manager, struct error *err)
{
        AUTO_FREE char *words = NULL;
        time_t since = time(NULL);
        int result;

        manager_forget_failure(manager, transient->unit, NULL);
        if (transient->spec->replace)
                manager_stop(manager, transient->unit, NULL);
        result = manager_start_transient(manager, transient->unit, transient->properties,
                                         transient->count, transient_mend_file, transient, err);
        if (result > 0)
                return 0;
        if (result < 0 && err->code == EEXIST)
                return error_set(err, EEXIST,
                                 "the name '%s' is in use by %s: crunit rm -f %s removes it, "
                                 "--replace takes its place",
                                 transient->spec->name, transient->unit, transient->spec->name);
        if (result < 0)
                return -1;
        words = transient_last_words(transient->unit, since);
        return error_set(err, 0, "%s did not start%s%s", transient->unit, words ? ":\n" : "",
                         words ? words : "");
}

int transient_run(struct container_spec *spec, char *const *words, const char *id_or_null,
                  char **ret_id, struct error *err)
{
        CLEANUP(transient_free) struct transient transient = { .spec = spec };
        AUTO_MANAGER struct manager *manager = NULL;
        sigset_t signals;

        if (spec->cgroup_conf.count)
                return error_set(err, EINVAL,
                                 "--cgroup-conf with -d from a shell: the cgroup is systemd's; "
                                 "write a .container file");
        transient.id = id_or_null ? str_dup(id_or_null) : stamp_new_id(STAMP_ID_DIGITS);
        if (!spec->name)
                spec->name = str_dupn(transient.id, TRANSIENT_SHORT_ID);
        if (transient_describe(&transient, words, err) < 0)
                return -1;
        transient_add_basics(&transient);
        transient_add_restart(&transient);
        transient_add_limits(&transient);
        transient_add_devices(&transient);
        interrupt_block(&signals);
        if (manager_open(&manager, err) < 0 || transient_start(&transient, manager, err) < 0)
                return -1;
        *ret_id = steal_str(&transient.id);
        return 0;
}

int transient_forget(const char *name, bool even_running, struct error *err)
{
        AUTO_FREE char *unit = transient_unit_name(name);
        AUTO_MANAGER_UNITS struct manager_units units = { 0 };
        AUTO_MANAGER struct manager *manager = NULL;
        AUTO_STRV struct strv names = { 0 };
        const struct manager_unit *found;

        /* Where systemd cannot be asked there is no such unit. */
        strv_append(&names, unit);
        if (manager_open(&manager, NULL) < 0 ||
            manager_list_units(manager, &names, &units, NULL) < 0)
                return 0;
        found = manager_find_unit(&units, unit);
        if (!found || str_equal(found->active, "inactive"))
                return 0;
        if (!str_equal(found->active, "failed")) {
                if (!even_running)
                        return 0;
                if (manager_stop(manager, unit, err) < 0)
                        return -1;
        }
        manager_forget_failure(manager, unit, NULL);
        return 1;
}
