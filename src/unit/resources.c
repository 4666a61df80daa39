/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Volume], [Network]: services that run once and leave something behind that others use,
 * and [Pod]. */
#include "name.h"
#include "translate.h"
#include "words.h"

#include <stdlib.h>

/* The service of something that is made once and then there. */
static int add_oneshot(struct translation *t, struct error *err)
{
        const struct unit_line *exec = unit_last(&t->source->file, "Service", "ExecStart");

        if (exec)
                return unit_error(err, exec, "ExecStart= is made from [%s]",
                                  t->source->type->section);
        translate_default(t, "Type", "oneshot");
        translate_default(t, "RemainAfterExit", "yes");
        translate_default(t, "SyslogIdentifier", "%N");
        return 0;
}

/* Begin the command line with its words, then add what the keys say. */
int translate_oneshot(struct translation *t, const char *command, struct error *err)
{
        words_add_text(&t->args, command);
        if (add_oneshot(t, err) < 0)
                return -1;
        if (translate_keys(t) < 0)
                return error_set(err, 0, "%s: no unit is made", t->source->path);
        return 0;
}

static void add_option(struct translation *t, const char *option, const char *name,
                       const char *value)
{
        words_add(&t->args, option);
        words_add_parts(&t->args, name, value);
}

static int volume_from_image(struct translation *t, const char *option, struct error *err)
{
        AUTO_FREE char *image = value_read(&t->source->file, "Volume", "Image");
        char *resolved;

        if (!image)
                return unit_error(err, unit_last(&t->source->file, "Volume", "Driver"),
                                  "Driver=image needs Image=");
        if (!(resolved = reference_image(t, image, err)))
                return unit_error(err, unit_last(&t->source->file, "Volume", "Image"),
                                  "Image=%s: %s", image, err->message);
        add_option(t, option, "image=", resolved);
        free(resolved);
        return 0;
}

/* All mount options are one option of the volume. */
static void add_mount_options(struct translation *t, const char *option)
{
        static const char *const owner[][2] = { { "User", "uid=" }, { "Group", "gid=" } };
        AUTO_FREE char *options = value_read(&t->source->file, "Volume", "Options");
        AUTO_STRV struct strv all = { 0 };
        AUTO_FREE char *joined = NULL;

        for (size_t i = 0; i < 2; i++) {
                AUTO_FREE char *id = value_read(&t->source->file, "Volume", owner[i][0]);

                if (id)
                        strv_appendf(&all, "%s%s", owner[i][1], id);
        }
        if (options)
                strv_append(&all, options);
        if (!all.count)
                return;
        joined = strv_join(&all, ",");
        add_option(t, option, "o=", joined);
}

/* Runs for every volume: everything that ends up in --opt. */
int emit_volume_options(struct translation *t, const struct unit_key *row,
                        const struct values *values, struct error *err)
{
        const struct unit_file *file = &t->source->file;
        AUTO_FREE char *driver = value_read(file, "Volume", "Driver");
        AUTO_FREE char *device = value_read(file, "Volume", "Device");
        AUTO_FREE char *type = value_read(file, "Volume", "Type");

        (void)values;
        if (str_equal(driver, "image"))
                return volume_from_image(t, row->option, err);
        if (type && !device)
                return unit_error(err, unit_last(file, "Volume", "Type"), "Type= needs Device=");
        if (unit_last(file, "Volume", "Copy"))
                add_option(t, row->option, "",
                           value_read_bool(file, "Volume", "Copy", true) ? "copy" : "nocopy");
        if (device)
                add_option(t, row->option, "device=", device);
        if (type)
                add_option(t, row->option, "type=", type);
        if (device && *device == '/' && str_equal(type, "bind"))
                reference_mount(t, device);
        add_mount_options(t, row->option);
        return 0;
}

int translate_volume(struct translation *t, struct error *err)
{
        if (translate_oneshot(t, "volume create --ignore", err) < 0)
                return -1;
        words_add(&t->args, t->source->resource);
        translate_exec(t, "ExecStart", &t->args);
        return 0;
}

/* Subnet=, Gateway= and IPRange= belong together by their places. */
int emit_subnets(struct translation *t, const struct unit_key *row, const struct values *values,
                 struct error *err)
{
        static const char *const names[] = { "Gateway", "IPRange" };
        static const char *const details[] = { "--gateway", "--ip-range" };
        AUTO_VALUES struct values gateways = { 0 };
        AUTO_VALUES struct values ranges = { 0 };
        struct values *lists[] = { &gateways, &ranges };

        for (size_t k = 0; k < 2; k++) {
                if (values_read_key(&t->source->file, "Network", names[k], lists[k], t->report,
                                    err) < 0)
                        return -1;
                if (lists[k]->count > values->count)
                        return unit_error(err, lists[k]->items[values->count].line,
                                          "%s=%s: there is no Subnet= for it", names[k],
                                          lists[k]->items[values->count].text);
        }
        for (size_t i = 0; i < values->count; i++) {
                add_option(t, row->option, "", values->items[i].text);
                for (size_t k = 0; k < 2; k++)
                        if (i < lists[k]->count)
                                add_option(t, details[k], "", lists[k]->items[i].text);
        }
        return 0;
}

int translate_network(struct translation *t, struct error *err)
{
        AUTO_STRBUF struct strbuf words = { 0 };

        if (translate_oneshot(t, "network create --ignore", err) < 0)
                return -1;
        words_add(&t->args, t->source->resource);
        translate_exec(t, "ExecStart", &t->args);
        if (!value_read_bool(&t->source->file, "Network", "NetworkDeleteOnStop", false))
                return 0;
        words_add_text(&words, "network rm");
        words_add(&words, t->source->resource);
        translate_exec(t, "ExecStopPost", &words);
        return 0;
}

/* What the containers of the pod share outlives each of them and needs no process: the service runs
 * once and is there until it is stopped. */
int emit_pod_name(struct translation *t, const struct unit_key *row, const struct values *values,
                  struct error *err)
{
        AUTO_FREE char *policy = value_read(&t->source->file, row->section, "ExitPolicy");

        (void)values;
        (void)err;
        words_add(&t->args, "--replace");
        add_option(t, "--exit-policy", "", policy ? policy : "stop");
        add_option(t, row->option, "", t->source->resource);
        return 0;
}

int translate_pod(struct translation *t, struct error *err)
{
        AUTO_FREE char *timeout = value_read(&t->source->file, "Pod", "StopTimeout");
        AUTO_STRBUF struct strbuf stop = { 0 };
        AUTO_STRBUF struct strbuf rm = { 0 };

        if (translate_oneshot(t, "pod create", err) < 0)
                return -1;
        for (size_t i = 0; i < t->source->members.count; i++) {
                unit_add(&t->service, "Unit", "Wants", t->source->members.items[i]);
                unit_add(&t->service, "Unit", "Before", t->source->members.items[i]);
        }
        translate_exec(t, "ExecStart", &t->args);
        words_add_text(&stop, "pod stop --ignore");
        words_add_parts(&stop, "--time=", timeout ? timeout : "10");
        words_add(&stop, t->source->resource);
        translate_exec(t, "ExecStop", &stop);
        words_add_text(&rm, "pod rm --ignore --force");
        words_add(&rm, t->source->resource);
        translate_exec(t, "ExecStopPost", &rm);
        return 0;
}
