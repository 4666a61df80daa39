/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "translate.h"

#include "name.h"
#include "words.h"

#include <stdlib.h>

/* Keys of [Unit] and [Install] whose values are names of units. */
static const char *const dependency_keys[] = { "After",
                                               "Before",
                                               "BindsTo",
                                               "Conflicts",
                                               "OnFailure",
                                               "OnSuccess",
                                               "PartOf",
                                               "PropagatesReloadTo",
                                               "PropagatesStopTo",
                                               "ReloadPropagatedFrom",
                                               "Requires",
                                               "Requisite",
                                               "StopPropagatedFrom",
                                               "Upholds",
                                               "Wants",
                                               NULL };
static const char *const install_keys[] = { "RequiredBy", "UpheldBy", "WantedBy", NULL };

static bool is_one_of(const char *const *list, const char *word)
{
        for (; *list; list++)
                if (str_is(*list, word))
                        return true;
        return false;
}

void translate_default_owned(struct translation *t, const char *key, char *value)
{
        if (!translate_has(t, key))
                unit_add_owned(&t->service, "Service", key, value);
        else
                free(value);
}

void translate_exec(struct translation *t, const char *key, const struct strbuf *words)
{
        struct strbuf line = { 0 };

        strbuf_reserve(&line, t->global.length + 1 + words->length);
        strbuf_append_n(&line, t->global.data, t->global.length);
        words_add_text(&line, words->data);
        unit_add_owned(&t->service, "Service", key, strbuf_steal(&line));
}

static bool names_container_file(const struct unit_line *line)
{
        const char *at = line->value;
        char *word;
        bool found = false;

        while (!found && words_take(&at, WORDS_LITERAL, &word, NULL, NULL) > 0) {
                found = unit_type_of(word) != NULL;
                free(word);
        }
        return found;
}

/* Container files by name in a list of units: their units take their place. */
static int translate_dependency(struct translation *t, struct unit_line *line, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };

        if (!names_container_file(line))
                return 0;
        if (words_split(line->value, WORDS_LITERAL, &words, NULL, err) < 0)
                return -1;
        for (size_t i = 0; i < words.count; i++) {
                char *service = NULL;

                if (!unit_type_of(words.items[i]))
                        continue;
                if (name_resolve(t->set, words.items[i], &service, NULL, err) < 0) {
                        unit_error(err, line, "%s=%s: %s", line->key, words.items[i], err->message);
                        return error_alias(err, "unable to translate dependency for %s",
                                           words.items[i]);
                }
                free(words.items[i]);
                words.items[i] = service;
        }
        unit_replace(&t->service, line, strv_join(&words, " "));
        return 0;
}

/* Remove the lines with this key up to the last one, if any line with it names a container file.
 * Returns how many. */
static size_t clear_dependencies(struct unit_lines *lines, const char *key, size_t last)
{
        bool names = false;
        size_t kept = 0;
        size_t count = lines->count;

        for (size_t i = 0; i < count && !names; i++)
                names = str_equal(lines->items[i].key, key) &&
                        names_container_file(&lines->items[i]);
        if (!names)
                return 0;
        for (size_t i = 0; i < count; i++)
                if (i > last || !str_equal(lines->items[i].key, key))
                        lines->items[kept++] = lines->items[i];
        lines->count = kept;
        return count - kept;
}

/* systemd never takes a dependency back. With Podman's generator an empty line does, where
 * container files are named. */
static void clear_all_dependencies(struct unit_lines *lines, const char *const *keys)
{
        for (size_t i = lines->count; i > 0; i--) {
                const struct unit_line *line = &lines->items[i - 1];

                if (line->key && !*line->value && is_one_of(keys, line->key)) {
                        size_t removed = clear_dependencies(lines, line->key, i - 1);

                        i -= removed ? removed - 1 : 0;
                }
        }
}

static int translate_dependencies(struct translation *t, const char *name, const char *const *keys)
{
        struct unit_section *section = unit_section(&t->service, name);
        int result = 0;

        if (section && keys == dependency_keys)
                clear_all_dependencies(&section->lines, keys);
        for (size_t i = 0; section && i < section->lines.count; i++) {
                struct unit_line *line = &section->lines.items[i];
                AUTO_ERROR struct error err = { 0 };

                if (!line->key || !is_one_of(keys, line->key) ||
                    translate_dependency(t, line, &err) == 0)
                        continue;
                report_failure(t->report, &err);
                result = -1;
        }
        return result;
}

/* First in [Unit], so that an empty After= of the file takes it back. A user's manager has no unit
 * for the system's network, and waiting for one that never comes helps nobody: nothing there. */
static void add_network_online(struct translation *t)
{
        if (t->set->is_user ||
            !value_read_bool(&t->source->file, "Quadlet", "DefaultDependencies", true))
                return;
        unit_prepend(&t->service, "Unit", "After", "network-online.target");
        unit_prepend(&t->service, "Unit", "Wants", "network-online.target");
}

static void add_unit_keys(struct translation *t)
{
        add_network_online(t);
        unit_add_owned(&t->service, "Unit", "SourcePath",
                       str_substitute(t->source->path, "%", "%%"));
        /* Nothing of ours is there, but units of Podman's generator have this line too, and
         * people's drop-ins and scripts look for it. */
        unit_add(&t->service, "Unit", "RequiresMountsFor", "%t/containers");
        unit_add(&t->service, "Unit", "RequiresMountsFor",
                 t->set->is_user ? "%h/.local/share/crunit" : "/var/lib/crunit");
}

/* section: where the key is, or NULL where it is absent. */
static int translate_key(struct translation *t, const struct unit_key *row,
                         const struct unit_section *section)
{
        AUTO_VALUES struct values values = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if ((!section || values_read(section, row, &values, t->report, &err) == 0) &&
            (!(values.count || row->always) || row->emit(t, row, &values, &err) == 0))
                return 0;
        report_failure(t->report, &err);
        return -1;
}

int translate_keys(struct translation *t)
{
        const struct unit_keys *keys = keys_section(t->source->type->section);
        const struct unit_section *section = unit_section(&t->source->file, keys->section);
        const struct byte_set *always = keys_always(keys);
        struct byte_set present = { 0 };
        int result = 0;

        for (size_t i = 0; section && i < section->lines.count; i++)
                if (section->lines.items[i].row)
                        byte_set_add(&present, (size_t)(section->lines.items[i].row - keys->rows));
        for (size_t word = 0; word < BYTE_SET_WORDS; word++) {
                uint64_t wanted = present.words[word] | always->words[word];

                for (; wanted; wanted &= wanted - 1) {
                        unsigned bit = (unsigned)ffsll((long long)wanted) - 1;

                        if (translate_key(t, &keys->rows[word * 64 + bit],
                                          present.words[word] >> bit & 1 ? section : NULL) < 0)
                                result = -1;
                }
        }
        return result;
}

/* A boolean of [Quadlet] is checked like one of the type's own section. */
static int check_quadlet_section(struct translation *t, struct error *err)
{
        AUTO_VALUES struct values values = { 0 };

        return values_read_key(&t->source->file, "Quadlet", "DefaultDependencies", &values,
                               t->report, err);
}

static int translate_begin(struct translation *t, struct error *err)
{
        const struct unit_type *type = t->source->type;
        unsigned unknown;

        keys_warn_typos(&t->source->file, t->report);
        unknown = keys_check(&t->source->file, type->section, t->report);
        unknown += keys_check(&t->source->file, "Quadlet", t->report);
        if (check_quadlet_section(t, err) < 0)
                return -1;
        return unknown ? -1 : 0;
}

static int translate_run(struct translation *t, struct error *err)
{
        const struct unit_type *type = t->source->type;
        int result = translate_begin(t, err);

        report_failure(t->report, err);
        unit_borrow(&t->source->file, &t->service);
        unit_rename(&t->service, type->section, type->kept);
        unit_rename(&t->service, "Quadlet", "X-Quadlet");
        words_add(&t->global, t->set->program);
        if (translate_dependencies(t, "Unit", dependency_keys) < 0)
                result = -1;
        if (translate_dependencies(t, "Install", install_keys) < 0)
                result = -1;
        add_unit_keys(t);
        if (type->translate(t, err) < 0)
                return -1;
        return result;
}

static void translation_free(struct translation *t)
{
        unit_free(&t->service);
        strbuf_free(&t->global);
        strbuf_free(&t->args);
        strv_free(&t->required);
        strv_free(&t->allowed);
        free(t->name);
}

int translate_source(const struct unit_set *set, struct unit_source *source, struct report *report,
                     struct unit_file *ret_service)
{
        CLEANUP(translation_free)
        struct translation t = { .set = set, .source = source, .report = report };
        AUTO_ERROR struct error err = { 0 };

        int result;

        report->unit = source->name;
        result = translate_run(&t, &err);
        report_failure(report, &err);
        report->unit = NULL;
        *ret_service = t.service;
        t.service = (struct unit_file){ 0 };
        return result;
}
