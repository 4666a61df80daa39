/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install.h"

#include "words.h"

#include <stdlib.h>

/* Takes ownership of path. */
static void add_link(struct install *install, char *path, const char *service)
{
        struct strbuf target = { 0 };

        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
                strbuf_append(&target, "../");
        strbuf_append(&target, service);
        if (install->count == install->capacity) {
                install->capacity = install->capacity ? install->capacity * 2 : 4;
                install->links =
                        alloc_grow(install->links, install->capacity, sizeof *install->links);
        }
        install->links[install->count++] =
                (struct install_link){ .path = path, .target = strbuf_steal(&target) };
}

void install_free(struct install *install)
{
        for (size_t i = 0; i < install->count; i++) {
                free(install->links[i].path);
                free(install->links[i].target);
        }
        free(install->links);
        *install = (struct install){ 0 };
}

/* The words of all lines of a key; an empty line clears those before it. */
static void read_words(const struct unit_section *section, const char *key, struct strv *ret,
                       struct report *report)
{
        for (size_t i = 0; i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];
                AUTO_ERROR struct error err = { 0 };

                if (!line->key || !str_is(line->key, key))
                        continue;
                if (!*line->value)
                        strv_free(ret);
                if (words_split(line->value, WORDS_DECODE, ret, NULL, &err) < 0)
                        report_at(report, REPORT_WARNING, unit_value_place(line), "%s=: %s", key,
                                  err.message);
        }
}

/* The path without . and empty parts; NULL where it leaves the directory. */
static char *clean_path(const char *path)
{
        AUTO_STRV struct strv parts = { 0 };
        AUTO_STRV struct strv kept = { 0 };

        strv_split(&parts, path, "/", false);
        for (size_t i = 0; i < parts.count; i++) {
                if (str_equal(parts.items[i], "..")) {
                        if (!kept.count)
                                return NULL;
                        free(kept.items[--kept.count]);
                } else if (!str_equal(parts.items[i], ".")) {
                        strv_append(&kept, parts.items[i]);
                }
        }
        return kept.count ? strv_join(&kept, "/") : NULL;
}

static void plan_aliases(const struct unit_section *section, const char *service,
                         struct install *install, struct report *report)
{
        AUTO_STRV struct strv names = { 0 };

        read_words(section, "Alias", &names, report);
        for (size_t i = 0; i < names.count; i++) {
                char *path = names.items[i][0] == '/' ? NULL : clean_path(names.items[i]);

                if (path && !str_equal(path, service)) {
                        add_link(install, path, service);
                        continue;
                }
                free(path);
                report_warning(report, "%s: Alias=%s: not a name of its own among the units",
                               service, names.items[i]);
        }
}

/* What TARGET.wants/ and so on link to: a template is started as the instance that DefaultInstance=
 * names, or not at all. Owned. */
static char *linked_name(const struct unit_file *unit, const char *service)
{
        const char *at = strchr(service, '@');
        const char *instance = unit_last_value(unit, "Install", "DefaultInstance");

        if (!at || at[1] != '.')
                return str_dup(service);
        if (!instance || strchr(instance, '/'))
                return NULL;
        return str_format("%.*s@%s%s", (int)(at - service), service, instance, at + 1);
}

void install_plan(const struct unit_file *unit, const char *service, struct install *ret,
                  struct report *report)
{
        static const char *const keys[][2] = { { "WantedBy", ".wants/" },
                                               { "RequiredBy", ".requires/" },
                                               { "UpheldBy", ".upholds/" } };
        const struct unit_section *section = unit_section(unit, "Install");
        AUTO_FREE char *name = NULL;

        if (!section)
                return;
        plan_aliases(section, service, ret, report);
        if (!(name = linked_name(unit, service)))
                return;
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
                AUTO_STRV struct strv units = { 0 };

                read_words(section, keys[k][0], &units, report);
                for (size_t i = 0; i < units.count; i++) {
                        if (strchr(units.items[i], '/') || units.items[i][0] == '.') {
                                report_warning(report, "%s: %s=%s: not the name of a unit", service,
                                               keys[k][0], units.items[i]);
                                continue;
                        }
                        if (!strchr(units.items[i], '.'))
                                report_warning(report,
                                               "%s: %s=%s: a unit's name has its kind at the end; "
                                               "did you mean %s.target?",
                                               service, keys[k][0], units.items[i], units.items[i]);
                        add_link(ret, str_concat(units.items[i], keys[k][1], name), service);
                }
        }
}
