/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registries-file.h"

#include "registries-reader.h"
#include "toml.h"

#include <errno.h>

void registries_location_free(struct registries_location *location)
{
        free(location->location);
        *location = (struct registries_location){ 0 };
}

void registries_entry_free(struct registries_entry *entry)
{
        free(entry->prefix);
        free(entry->source);
        registries_location_free(&entry->primary);
        for (size_t i = 0; i < entry->mirror_count; i++)
                registries_location_free(&entry->mirrors[i]);
        free(entry->mirrors);
        *entry = (struct registries_entry){ 0 };
}

#define AUTO_ENTRY CLEANUP(registries_entry_free)

/* --- places */

static char *trim_slashes(const char *text)
{
        size_t length = strlen(text);

        while (length && text[length - 1] == '/')
                length--;
        return str_dupn(text, length);
}

/* HOST[:PORT][/PATH…], without a scheme. */
static int take_place(struct registries_reader *reader, struct json_object *table, const char *key,
                      char **place)
{
        struct json_object *value = NULL;
        const char *text;

        if (reader_get_member(reader, table, key, json_type_string, "a string", &value) < 0)
                return -1;
        if (!value)
                return 0;
        text = json_object_get_string(value);
        if (strstr(text, "://"))
                return reader_fail_at(reader, value, "%s = \"%s\": write it without %.*s", key,
                                      text, (int)(strstr(text, "://") - text) + 3, text);
        free(*place);
        *place = trim_slashes(text);
        return 0;
}

static int take_location(struct registries_reader *reader, struct json_object *table,
                         struct registries_location *location)
{
        if (take_place(reader, table, "location", &location->location) < 0 ||
            reader_get_bool(reader, table, "insecure", &location->insecure) < 0)
                return -1;
        if (location->location && str_has_prefix(location->location, "*."))
                return reader_fail_at(reader, table,
                                      "location = \"%s\": *. can only stand in a prefix",
                                      location->location);
        return 0;
}

/* --- [[registry.mirror]] */

static int take_when(struct registries_reader *reader, struct json_object *table,
                     const struct registries_entry *entry, enum registries_when *ret)
{
        static const char *const words[] = { "all", "digest-only", "tag-only" };
        const char *word = NULL;

        if (reader_get_string(reader, table, "pull-from-mirror", &word) < 0)
                return -1;
        if (str_empty(word))
                return 0;
        if (entry->mirror_by_digest_only)
                return reader_fail_at(reader, table,
                                      "pull-from-mirror contradicts mirror-by-digest-only");
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
                if (str_equal(word, words[i])) {
                        *ret = (enum registries_when)i;
                        return 0;
                }
        }
        return reader_fail_at(reader, table,
                              "pull-from-mirror = \"%s\": not one of all, digest-only, tag-only",
                              word);
}

static int take_mirror(struct registries_reader *reader, struct json_object *table,
                       struct registries_entry *entry)
{
        static const char *const known[] = { "location", "insecure", "pull-from-mirror", NULL };
        struct registries_location *mirror;

        if (!json_object_is_type(table, json_type_object))
                return reader_fail_at(reader, table, "'mirror' is not a list of tables");
        entry->mirrors =
                alloc_grow(entry->mirrors, entry->mirror_count + 1, sizeof *entry->mirrors);
        mirror = &entry->mirrors[entry->mirror_count++];
        *mirror = (struct registries_location){ 0 };
        reader_warn_unknown(reader, table, known);
        if (take_location(reader, table, mirror) < 0 ||
            take_when(reader, table, entry, &mirror->when) < 0)
                return -1;
        if (str_empty(mirror->location))
                return reader_fail_at(reader, table, "a mirror has no location");
        return 0;
}

static int take_mirrors(struct registries_reader *reader, struct json_object *table,
                        struct registries_entry *entry)
{
        struct json_object *array = NULL;

        if (reader_get_member(reader, table, "mirror", json_type_array, "a list of tables",
                              &array) < 0)
                return -1;
        for (size_t i = 0; array && i < json_object_array_length(array); i++)
                if (take_mirror(reader, json_object_array_get_idx(array, i), entry) < 0)
                        return -1;
        return 0;
}

/* --- [[registry]] */

/* A prefix and a location stand for each other; only one with *. needs no location. */
static int complete_entry(struct registries_reader *reader, struct json_object *table,
                          struct registries_entry *entry)
{
        const char *domain;

        if (str_empty(entry->prefix)) {
                if (str_empty(entry->primary.location))
                        return reader_fail_at(reader, table,
                                              "a registry has neither prefix nor location");
                str_replace(&entry->prefix, entry->primary.location);
                return 0;
        }
        domain = str_after(entry->prefix, "*.");
        if (domain ? str_empty(domain) || strpbrk(domain, "*/:@")
                   : strchr(entry->prefix, '*') != NULL)
                return reader_fail_at(reader, table,
                                      "prefix = \"%s\": * can only stand in \"*.DOMAIN\"",
                                      entry->prefix);
        if (!entry->primary.location) {
                if (!domain)
                        return reader_fail_at(reader, table, "prefix = \"%s\" needs a location",
                                              entry->prefix);
                entry->primary.location = str_dup("");
        }
        return 0;
}

/* Takes ownership of what is in entry. */
static void merge_entry(struct registries *registries, struct registries_entry *entry)
{
        struct registries_entry *place = NULL;

        for (size_t i = 0; i < registries->entry_count && !place; i++)
                if (str_equal(registries->entries[i].prefix, entry->prefix))
                        place = &registries->entries[i];
        if (place) {
                registries_entry_free(place);
        } else {
                registries->entries = alloc_grow(registries->entries, registries->entry_count + 1,
                                                 sizeof *registries->entries);
                place = &registries->entries[registries->entry_count++];
        }
        *place = *entry;
        *entry = (struct registries_entry){ 0 };
}

static int take_entry(struct registries_reader *reader, struct json_object *table)
{
        static const char *const known[] = { "prefix",  "location", "insecure",
                                             "blocked", "mirror",   "mirror-by-digest-only",
                                             NULL };
        AUTO_ENTRY struct registries_entry entry = { 0 };

        if (!json_object_is_type(table, json_type_object))
                return reader_fail_at(reader, table, "'registry' is not a list of tables");
        reader_warn_unknown(reader, table, known);
        entry.source = reader_source_of(reader, table);
        if (take_place(reader, table, "prefix", &entry.prefix) < 0 ||
            take_location(reader, table, &entry.primary) < 0 ||
            reader_get_bool(reader, table, "blocked", &entry.blocked) < 0 ||
            reader_get_bool(reader, table, "mirror-by-digest-only", &entry.mirror_by_digest_only) <
                    0 ||
            take_mirrors(reader, table, &entry) < 0 || complete_entry(reader, table, &entry) < 0)
                return -1;
        merge_entry(reader->registries, &entry);
        return 0;
}

static int take_entries(struct registries_reader *reader, struct json_object *root)
{
        struct json_object *array = NULL;

        if (reader_get_member(reader, root, "registry", json_type_array,
                              "a list of tables: write "
                              "[[registry]]",
                              &array) < 0)
                return -1;
        for (size_t i = 0; array && i < json_object_array_length(array); i++)
                if (take_entry(reader, json_object_array_get_idx(array, i)) < 0)
                        return -1;
        return 0;
}

/* --- [aliases] */

static void remove_alias(struct registries *registries, size_t i)
{
        free(registries->aliases[i].name);
        free(registries->aliases[i].value);
        free(registries->aliases[i].source);
        registries->aliases[i] = registries->aliases[--registries->alias_count];
}

/* An empty value takes an alias of earlier files away. */
static void merge_alias(struct registries_reader *reader, const char *name, const char *value,
                        struct json_object *at)
{
        struct registries *registries = reader->registries;

        for (size_t i = 0; i < registries->alias_count; i++) {
                if (str_equal(registries->aliases[i].name, name)) {
                        remove_alias(registries, i);
                        break;
                }
        }
        if (!*value)
                return;
        registries->aliases = alloc_grow(registries->aliases, registries->alias_count + 1,
                                         sizeof *registries->aliases);
        registries->aliases[registries->alias_count++] =
                (struct registries_alias){ .name = str_dup(name),
                                           .value = str_dup(value),
                                           .source = reader_source_of(reader, at) };
}

static int check_alias(struct registries_reader *reader, const char *name, bool full,
                       struct json_object *at)
{
        AUTO_REFERENCE struct reference reference = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (reference_parse(name, &reference, &err) < 0)
                return reader_fail_at(reader, at, "%s", err.message);
        if (reference.tag || reference.digest)
                return reader_fail_at(reader, at,
                                      "alias '%s': neither side can have a tag or a digest", name);
        if (full != (reference.registry != NULL))
                return reader_fail_at(reader, at,
                                      full ? "alias to '%s': it needs a registry in front"
                                           : "alias '%s': it cannot have a registry in front",
                                      name);
        return 0;
}

static int take_aliases(struct registries_reader *reader, struct json_object *root)
{
        struct json_object *table = NULL;

        if (reader_get_member(reader, root, "aliases", json_type_object, "a table", &table) < 0)
                return -1;
        if (!table)
                return 0;
        json_object_object_foreach(table, name, value)
        {
                const char *target = json_object_get_string(value);

                if (!json_object_is_type(value, json_type_string))
                        return reader_fail_at(reader, value, "alias '%s' is not a string", name);
                if (check_alias(reader, name, false, value) < 0 ||
                    (*target && check_alias(reader, target, true, value) < 0))
                        return -1;
                merge_alias(reader, name, target, value);
        }
        return 0;
}

/* --- the file */

static int take_mode(struct registries_reader *reader, struct json_object *root)
{
        static const char *const words[] = { "permissive", "enforcing", "disabled" };
        struct json_object *value = NULL;
        const char *word;

        if (reader_get_member(reader, root, "short-name-mode", json_type_string, "a string",
                              &value) < 0)
                return -1;
        word = value ? json_object_get_string(value) : "";
        if (!*word)
                return 0;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
                if (str_equal(word, words[i])) {
                        reader->registries->mode = (enum registries_mode)i;
                        return 0;
                }
        }
        return reader_fail_at(
                reader, value,
                "short-name-mode = \"%s\": not one of enforcing, permissive, disabled", word);
}

/* Takes ownership of what is in list. */
static void replace_list(struct strv *place, struct strv *list)
{
        strv_free(place);
        *place = *list;
        *list = (struct strv){ 0 };
}

static int take_search(struct registries_reader *reader, struct json_object *table, const char *key)
{
        AUTO_STRV struct strv list = { 0 };
        struct json_object *value = NULL;

        if (reader_get_strings(reader, table, key, &list, &value) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++) {
                char *trimmed = trim_slashes(list.items[i]);

                free(list.items[i]);
                list.items[i] = trimmed;
                if (!*trimmed || strpbrk(trimmed, "*@ ") || strstr(trimmed, "://"))
                        return reader_fail_at(reader, value,
                                              "'%s' is not a registry, such as reg.lan", trimmed);
        }
        if (!value)
                return 0;
        replace_list(&reader->registries->search, &list);
        free(reader->registries->search_source);
        reader->registries->search_source = reader_source_of(reader, value);
        return 0;
}

static int take_helpers(struct registries_reader *reader, struct json_object *root)
{
        AUTO_STRV struct strv list = { 0 };
        struct json_object *value = NULL;

        if (reader_get_strings(reader, root, "credential-helpers", &list, &value) < 0)
                return -1;
        if (value)
                replace_list(&reader->registries->credential_helpers, &list);
        return 0;
}

static int take_format_2(struct registries_reader *reader, struct json_object *root)
{
        static const char *const known[] = { "unqualified-search-registries",
                                             "credential-helpers",
                                             "additional-layer-store-auth-helper",
                                             "short-name-mode",
                                             "registry",
                                             "aliases",
                                             NULL };

        reader_warn_unknown(reader, root, known);
        if (take_search(reader, root, "unqualified-search-registries") < 0 ||
            take_helpers(reader, root) < 0 || take_mode(reader, root) < 0 ||
            take_entries(reader, root) < 0)
                return -1;
        return take_aliases(reader, root);
}

/* [registries.insecure] and [registries.block] of format 1: a name can be in both. */
static int take_marked(struct registries_reader *reader, struct json_object *table, bool blocked)
{
        AUTO_STRV struct strv names = { 0 };
        struct json_object *value = NULL;

        if (reader_get_strings(reader, table, "registries", &names, &value) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ENTRY struct registries_entry entry = { 0 };

                entry.prefix = trim_slashes(names.items[i]);
                for (size_t k = 0; k < reader->registries->entry_count; k++)
                        if (str_equal(reader->registries->entries[k].prefix, entry.prefix))
                                entry.primary.insecure =
                                        reader->registries->entries[k].primary.insecure;
                entry.primary.location = str_dup(entry.prefix);
                entry.source = reader_source_of(reader, value);
                entry.blocked = blocked;
                entry.primary.insecure |= !blocked;
                merge_entry(reader->registries, &entry);
        }
        return 0;
}

static int take_format_1(struct registries_reader *reader, struct json_object *root)
{
        static const char *const known_root[] = { "registries", NULL };
        static const char *const known[] = { "search", "insecure", "block", NULL };
        struct json_object *all = NULL, *tables[3] = { NULL };

        if (json_object_object_length(root) > 1) {
                json_object_object_foreach(root, key, value)
                {
                        if (!reader_is_among(known_root, key))
                                return reader_fail_at(
                                        reader, value,
                                        "'%s' is of format 2, [registries] of format 1: "
                                        "write all of it in format 2",
                                        key);
                }
        }
        if (reader_get_member(reader, root, "registries", json_type_object, "a table", &all) < 0)
                return -1;
        reader_warn_unknown(reader, all, known);
        for (size_t i = 0; i < 3; i++)
                if (reader_get_member(reader, all, known[i], json_type_object, "a table",
                                      &tables[i]) < 0)
                        return -1;
        if (tables[0] && take_search(reader, tables[0], "registries") < 0)
                return -1;
        if (tables[1] && take_marked(reader, tables[1], false) < 0)
                return -1;
        return tables[2] ? take_marked(reader, tables[2], true) : 0;
}

int registries_add_text(struct registries *registries, enum registries_file kind, const char *path,
                        const char *text, size_t length, struct error *err)
{
        struct registries_reader reader = { .registries = registries, .path = path, .err = err };
        AUTO_JSON struct json_object *root = NULL;
        struct json_object *format_1 = NULL;

        if (toml_parse(text, length, path, &root, err) < 0)
                return -1;
        if (kind == REGISTRIES_NOTED)
                return take_aliases(&reader, root);
        if (!json_object_object_get_ex(root, "registries", &format_1))
                return take_format_2(&reader, root);
        if (kind == REGISTRIES_DROPIN)
                return reader_fail_at(
                        &reader, format_1,
                        "[registries] is of format 1, which only a main file can have");
        return take_format_1(&reader, root);
}
