/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "limits.h"
#include "words.h"

#include <sys/stat.h>

bool device_is_plain(const char *text)
{
        return *text == '/' && !words_needs_quotes(text, strlen(text));
}

/* Is it a device by a path that DeviceAllow= takes: one in /dev, without . and ..? What is not
 * there while the generator runs may turn out to be a directory of devices. */
static bool is_nameable(const char *path)
{
        struct stat st;

        return str_has_prefix(path, "/dev/") && !strstr(path, "/../") && !strstr(path, "/./") &&
               !str_has_suffix(path, "/..") && stat(path, &st) == 0 &&
               (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

/*
 * HOST[:CONTAINER][:RIGHTS] as DeviceAllow= has it. The right to make the node is always among
 * them: that is what the runtime does in the unit's group. False where systemd could not know the
 * device.
 */
static bool allow_device(const char *text, struct strv *allowed)
{
        AUTO_STRV struct strv parts = { 0 };
        const char *rights = "rwm";

        if (!device_is_plain(text) || strchr(text, '$'))
                return false;
        strv_split(&parts, text, ":", true);
        if (parts.count > 1 && parts.items[parts.count - 1][0] != '/')
                rights = parts.items[parts.count - 1];
        if (!*rights || rights[strspn(rights, "rwm")] || !is_nameable(parts.items[0]))
                return false;
        strv_appendf(allowed, "%s %s%s", parts.items[0], rights, strchr(rights, 'm') ? "" : "m");
        return true;
}

/* Whether a device with a dash in front is there now. */
static bool device_exists(const char *text)
{
        AUTO_FREE char *path = str_dupn(text, strcspn(text, ":"));
        struct stat st;

        return stat(path, &st) == 0;
}

/* Privileged containers may use all devices. */
static bool is_privileged(const struct values *args)
{
        AUTO_VALUES struct values flags = { 0 };
        bool privileged = false;

        podman_args_find(args, "--privileged", 0, true, &flags);
        for (size_t i = 0; i < flags.count; i++)
                if (!value_parse_bool(flags.items[i].text, &privileged) || !*flags.items[i].text)
                        privileged = true;
        return privileged;
}

enum device_guard {
        GUARD_NONE,
        GUARD_SYSTEMD, /* DeviceAllow= can name all of them */
        GUARD_CRUNIT,  /* some are known only when the container starts */
};

/* A single DeviceAllow= closes all others, so it is all or nothing. */
static enum device_guard guard_of(const struct translation *t, const struct strv *devices,
                                  const struct values *args, struct strv *allowed)
{
        AUTO_VALUES struct values values = { 0 };
        AUTO_VALUES struct values unknown = { 0 };
        bool known;

        /* A user's manager has no say about devices. */
        if (t->set->is_user || translate_has(t, "DevicePolicy") || is_privileged(args))
                return GUARD_NONE;
        podman_args_find(args, "--device-cgroup-rule", 0, false, &unknown);
        podman_args_find(args, "--gpus", 0, false, &unknown);
        known = !unknown.count;
        podman_args_find(args, "--device", 0, false, &values);
        for (size_t i = 0; i < devices->count; i++)
                known = known && allow_device(devices->items[i], allowed);
        for (size_t i = 0; i < values.count; i++)
                known = known && allow_device(values.items[i].text, allowed);
        return known ? GUARD_SYSTEMD : GUARD_CRUNIT;
}

/* [-]HOST[:CONTAINER][:RIGHTS]; - leaves out what does not exist. */
int emit_device(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        AUTO_VALUES struct values args = { 0 };
        AUTO_STRV struct strv devices = { 0 };
        AUTO_ERROR struct error later = { 0 }; /* reported with the key itself */
        enum device_guard guard;

        (void)err;
        for (size_t i = 0; i < values->count; i++) {
                const char *text = values->items[i].text;

                if (*text == '-' && !device_exists(++text))
                        continue;
                words_add_text(&t->args, row->option);
                words_add(&t->args, text);
                strv_append(&devices, text);
        }
        values_read_key(&t->source->file, "Container", "PodmanArgs", &args, NULL, &later);
        guard = guard_of(t, &devices, &args, &t->allowed);
        t->closed = guard == GUARD_SYSTEMD;
        if (guard == GUARD_CRUNIT)
                words_add_text(&t->args, "--device-policy=closed");
        return 0;
}

void devices_add(struct translation *t)
{
        if (!t->closed)
                return;
        unit_add(&t->service, "Service", "DevicePolicy", "closed");
        for (size_t i = 0; i < t->allowed.count; i++)
                unit_add_owned(&t->service, "Service", "DeviceAllow", str_dup(t->allowed.items[i]));
}
