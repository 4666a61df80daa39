/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User namespaces: UserNS= and its maps, and the deprecated Remap keys, which become the same. */
#include "translate.h"
#include "words.h"

static bool has_key(const struct translation *t, const char *key)
{
        return unit_last_value(&t->source->file, t->source->type->section, key) != NULL;
}

static const char *first_of(const struct translation *t, const char *const *keys)
{
        for (; *keys; keys++)
                if (has_key(t, *keys))
                        return *keys;
        return NULL;
}

/* Runs for every file: the two families exclude each other. */
int emit_userns(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        static const char *const maps[] = { "UserNS",    "UIDMap",    "GIDMap",
                                            "SubUIDMap", "SubGIDMap", NULL };
        static const char *const remaps[] = { "RemapUsers", "RemapUid", "RemapGid", NULL };
        const char *map = first_of(t, maps);
        const char *remap = map ? first_of(t, remaps) : NULL;

        if (remap) {
                unit_error(err, unit_last(&t->source->file, row->section, remap),
                           "%s= is deprecated and excludes %s=", remap, map);
                return error_alias(err, "deprecated Remap keys are set along with explicit "
                                        "mapping keys");
        }
        return emit_option(t, row, values, err);
}

/* The values of one of the other keys; what is wrong with them is reported when it is their turn.
 */
static void read_detail(const struct translation *t, const char *key, struct values *ret)
{
        AUTO_ERROR struct error err = { 0 };

        values_read_key(&t->source->file, t->source->type->section, key, ret, NULL, &err);
}

/* Append NAME=VALUE for each value of a key, separated by commas. Returns how many. */
static size_t append_details(const struct translation *t, const char *key, const char *name,
                             struct strbuf *buf)
{
        AUTO_VALUES struct values values = { 0 };

        read_detail(t, key, &values);
        for (size_t i = 0; i < values.count; i++)
                strbuf_appendf(buf, "%c%s=%s", buf->length ? ',' : ':', name, values.items[i].text);
        return values.count;
}

static void remap_manual(struct translation *t)
{
        static const char *const keys[] = { "RemapUid", "RemapGid" };
        static const char *const options[] = { "--uidmap", "--gidmap" };

        for (size_t k = 0; k < 2; k++) {
                AUTO_VALUES struct values values = { 0 };

                read_detail(t, keys[k], &values);
                for (size_t i = 0; i < values.count; i++) {
                        words_add(&t->args, options[k]);
                        words_add(&t->args, values.items[i].text);
                }
        }
}

static void remap_auto(struct translation *t)
{
        AUTO_STRBUF struct strbuf details = { 0 };

        append_details(t, "RemapUid", "uidmapping", &details);
        append_details(t, "RemapGid", "gidmapping", &details);
        append_details(t, "RemapUidSize", "size", &details);
        words_add_text(&t->args, "--userns");
        words_add_parts(&t->args, "auto", details.data ? details.data : "");
}

static int remap_keep_id(struct translation *t, const struct unit_line *line, struct error *err)
{
        AUTO_STRBUF struct strbuf details = { 0 };

        if (append_details(t, "RemapUid", "uid", &details) > 1) {
                unit_error(err, line, "RemapUsers=keep-id takes one RemapUid=");
                return error_alias(err, "RemapUsers=keep-id supports only a single value for UID "
                                        "mapping");
        }
        if (append_details(t, "RemapGid", "gid", &details) > 1) {
                unit_error(err, line, "RemapUsers=keep-id takes one RemapGid=");
                return error_alias(err, "RemapUsers=keep-id supports only a single value for GID "
                                        "mapping");
        }
        words_add_text(&t->args, "--userns");
        words_add_parts(&t->args, "keep-id", details.data ? details.data : "");
        return 0;
}

static int fail_remap(const struct value *mode, struct error *err)
{
        unit_error(err, mode->line, "%s=%s: not one of manual, auto, keep-id", mode->line->key,
                   mode->text);
        return error_alias(err, "unsupported RemapUsers option '%s'", mode->text);
}

int emit_remap(struct translation *t, const struct unit_key *row, const struct values *values,
               struct error *err)
{
        const struct value *mode = &values->items[0];

        /* The containers of a Kubernetes file are told apart by the file alone. */
        if (str_equal(mode->text, "manual") && str_equal(row->section, "Kube")) {
                unit_error(err, mode->line, "%s=manual: not for a .kube file", row->name);
                return error_alias(err, "RemapUsers=manual is not supported");
        }
        if (str_equal(mode->text, "keep-id"))
                return remap_keep_id(t, mode->line, err);
        if (str_equal(mode->text, "manual"))
                remap_manual(t);
        else if (str_equal(mode->text, "auto"))
                remap_auto(t);
        else
                return fail_remap(mode, err);
        return 0;
}

int emit_remap_detail(struct translation *t, const struct unit_key *row,
                      const struct values *values, struct error *err)
{
        if (has_key(t, "RemapUsers"))
                return 0;
        if (str_equal(row->name, "RemapUidSize")) {
                report_at(t->report, REPORT_WARNING, unit_key_place(values->items[0].line),
                          "%s= has no meaning without RemapUsers=", row->name);
                return 0;
        }
        unit_error(err, values->items[0].line, "%s= has no meaning without RemapUsers=", row->name);
        return error_alias(err, "%s set without RemapUsers",
                           str_equal(row->name, "RemapGid") ? "GidMap" : "UidMap");
}
