/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Volume], [Network], [Artifact]: services that run once and leave something behind that others
 * use. */
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
                return -1; /* reported */
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
        const struct unit_line *line;
        char *resolved;

        if (!image) {
                unit_error(err, unit_last(&t->source->file, "Volume", "Driver"),
                           "Driver=image needs Image=");
                return error_alias(err, "the key Image is mandatory when using the image driver");
        }
        line = unit_last(&t->source->file, "Volume", "Image");
        if (!(resolved = reference_image(t, image, line, err)))
                return unit_error(err, line, "Image=%s: %s", image, err->message);
        add_option(t, option, "image=", resolved);
        free(resolved);
        return 0;
}

/* A number, in decimal and without leading zeros, which the kernel would take for octal; or a name
 * for the one who makes the volume to look up: the generator runs before there is anybody to ask.
 * Owned, NULL where it is neither. */
static char *read_owner(const char *text)
{
        static const char allowed[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
        unsigned long long number;

        if (strpbrk(text, "%$"))
                return strchr(text, ',') ? NULL : str_dup(text);
        if (str_to_u64(text, 0xfffffffeull, &number))
                return str_format("%llu", number);
        if (strchr(".-0123456789", *text) || text[strspn(text, allowed)])
                return NULL;
        return str_dup(text);
}

/* All mount options are one option of the volume. */
static int add_mount_options(struct translation *t, const char *option, struct error *err)
{
        static const char *const keys[][2] = { { "User", "uid=" }, { "Group", "gid=" } };
        AUTO_FREE char *options = value_read(&t->source->file, "Volume", "Options");
        AUTO_STRV struct strv all = { 0 };
        AUTO_FREE char *joined = NULL;

        for (size_t i = 0; i < 2; i++) {
                AUTO_FREE char *id = value_read(&t->source->file, "Volume", keys[i][0]);

                AUTO_FREE char *owner = id ? read_owner(id) : NULL;

                if (id && !owner)
                        return unit_error(err, unit_last(&t->source->file, "Volume", keys[i][0]),
                                          "%s=%s: not a number or name", keys[i][0], id);
                if (owner)
                        strv_appendf(&all, "%s%s", keys[i][1], owner);
        }
        if (options)
                strv_append(&all, options);
        if (!all.count)
                return 0;
        joined = strv_join(&all, ",");
        add_option(t, option, "o=", joined);
        return 0;
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
        if (type && !device) {
                unit_error(err, unit_last(file, "Volume", "Type"), "Type= needs Device=");
                return error_alias(err, "key Type can't be used without Device");
        }
        if (unit_last(file, "Volume", "Copy"))
                add_option(t, row->option, "",
                           value_read_bool(file, "Volume", "Copy", true) ? "copy" : "nocopy");
        if (device)
                add_option(t, row->option, "device=", device);
        if (type)
                add_option(t, row->option, "type=", type);
        if (device && *device == '/' && str_equal(type, "bind"))
                reference_mount(t, device);
        return add_mount_options(t, row->option, err);
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
        static const char *const aliases[] = { "gateways", "ranges" };
        AUTO_VALUES struct values gateways = { 0 };
        AUTO_VALUES struct values ranges = { 0 };
        struct values *lists[] = { &gateways, &ranges };

        for (size_t k = 0; k < 2; k++) {
                if (values_read_key(&t->source->file, "Network", names[k], lists[k], t->report,
                                    err) < 0)
                        return -1;
                if (lists[k]->count <= values->count)
                        continue;
                unit_error(err, lists[k]->items[values->count].line,
                           "%s=%s: there is no Subnet= for it", names[k],
                           lists[k]->items[values->count].text);
                if (!values->count)
                        return error_alias(err, "cannot set gateway or range without subnet");
                return error_alias(err, "cannot set more %s than subnets", aliases[k]);
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

int emit_pull_artifact(struct translation *t, const struct unit_key *row,
                       const struct values *values, struct error *err)
{
        (void)row;
        if (!values->count) {
                unit_error_file(err, t->source->path, "Artifact= is not set in [Artifact]");
                return error_alias(err, "no Artifact key specified");
        }
        words_add(&t->args, values->items[0].text);
        return 0;
}

int translate_artifact(struct translation *t, struct error *err)
{
        if (translate_oneshot(t, "artifact pull", err) < 0)
                return -1;
        translate_exec(t, "ExecStart", &t->args);
        return 0;
}
