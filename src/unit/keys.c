/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keys.h"

#include "../base/str.h"
#include "keys-tables.h"
#include "reader.h"
#include "translate.h"

static const struct unit_key quadlet_keys[] = {
        { "Quadlet", "DefaultDependencies", KEY_BOOL, emit_nothing, NULL, "5.3",
          "order the unit behind the network (true)" },
};

static const struct unit_keys keys_of_quadlet = SECTION("Quadlet", quadlet_keys);

const struct unit_keys *const unit_keys[] = {
        &keys_of_container, &keys_of_pod,  &keys_of_volume,   &keys_of_network, &keys_of_image,
        &keys_of_build,     &keys_of_kube, &keys_of_artifact, &keys_of_quadlet, NULL,
};

const struct unit_keys *keys_section(const char *section)
{
        for (size_t i = 0; unit_keys[i]; i++)
                if (str_is(unit_keys[i]->section, section))
                        return unit_keys[i];
        return NULL;
}

static void fill_index(const struct unit_keys *keys)
{
        struct keys_index *index = keys->index;

        for (size_t i = 0; i < keys->count; i++) {
                size_t slot = unit_key_hash(keys->rows[i].name, strlen(keys->rows[i].name));

                while (index->slots[slot])
                        slot = (slot + 1) % KEYS_SLOTS;
                index->slots[slot] = (unsigned char)(i + 1);
                if (keys->rows[i].always)
                        byte_set_add(&index->always, i);
        }
        index->made = true;
}

const struct unit_key *keys_find(const struct unit_keys *keys, const char *name)
{
        if (!keys)
                return NULL;
        if (!keys->index->made)
                fill_index(keys);
        for (size_t slot = unit_key_hash(name, strlen(name)); keys->index->slots[slot];
             slot = (slot + 1) % KEYS_SLOTS) {
                const struct unit_key *row = &keys->rows[keys->index->slots[slot] - 1];

                if (str_is(row->name, name))
                        return row;
        }
        return NULL;
}

const struct byte_set *keys_always(const struct unit_keys *keys)
{
        if (!keys->index->made)
                fill_index(keys);
        return &keys->index->always;
}

/* What people put into the sections that are systemd's; systemd itself warns about the rest of what
 * it does not know, but never about [Install] of a generated unit, which is ours to read. */
static const char *const section_names[] = { "Unit",    "Service",  "Install", "Container", "Pod",
                                             "Volume",  "Network",  "Image",   "Build",     "Kube",
                                             "Quadlet", "Artifact", NULL };
static const char *const install_names[] = { "Alias",      "Also",     "DefaultInstance",
                                             "RequiredBy", "UpheldBy", "WantedBy",
                                             NULL };
static const char *const service_names[] = { "Delegate",
                                             "Environment",
                                             "EnvironmentFile",
                                             "ExecStartPost",
                                             "ExecStartPre",
                                             "ExecStop",
                                             "ExecStopPost",
                                             "KillMode",
                                             "LimitNOFILE",
                                             "MemoryMax",
                                             "RemainAfterExit",
                                             "Restart",
                                             "RestartSec",
                                             "Slice",
                                             "TasksMax",
                                             "TimeoutSec",
                                             "TimeoutStartSec",
                                             "TimeoutStopSec",
                                             "Type",
                                             "WorkingDirectory",
                                             NULL };

static const char *const unit_names[] = { "After",           "Before",
                                          "BindsTo",         "ConditionPathExists",
                                          "Description",     "Documentation",
                                          "PartOf",          "OnFailure",
                                          "Requires",        "RequiresMountsFor",
                                          "StartLimitBurst", "StartLimitIntervalSec",
                                          "Wants",           NULL };

static bool is_listed(const char *const *list, const char *name)
{
        for (; *list; list++)
                if (str_is(*list, name))
                        return true;
        return false;
}

/* The section of systemd's that has this key, or NULL; each has a name of its own there. */
static const char *systemd_section(const char *name)
{
        if (is_listed(service_names, name))
                return "Service";
        if (is_listed(install_names, name))
                return "Install";
        return is_listed(unit_names, name) ? "Unit" : NULL;
}

/* "Did you mean …" for a key that the section does not have. */
static char *suggest_key(const struct unit_keys *keys, const char *name)
{
        AUTO_FREE const char **names = alloc_zero(keys->count + 1, sizeof *names);
        AUTO_STRBUF struct strbuf sections = { 0 };
        const char *nearest;

        for (size_t i = 0; i < keys->count; i++)
                names[i] = keys->rows[i].name;
        for (size_t i = 0; unit_keys[i]; i++)
                if (keys_find(unit_keys[i], name))
                        strbuf_appendf(&sections, "%s[%s]", sections.length ? ", " : "",
                                       unit_keys[i]->section);
        nearest = systemd_section(name);
        if (nearest)
                strbuf_appendf(&sections, "%s[%s]", sections.length ? ", " : "", nearest);
        if (sections.length)
                return str_format("; it belongs in %s", sections.data);
        nearest = str_nearest(name, names);
        if (nearest)
                return str_format("; did you mean %s=?", nearest);
        return str_dup("; a newer Podman may have it");
}

static void report_unknown(const struct unit_keys *keys, const struct unit_line *line,
                           struct report *report)
{
        AUTO_FREE char *hint = suggest_key(keys, line->key);
        AUTO_ERROR struct error err = { 0 };

        unit_error(&err, line, "unknown key %s= in [%s]%s", line->key, keys->section, hint);
        err.place = unit_key_place(line);
        error_alias(&err, "unsupported key '%s' in group '%s' in %s", line->key, keys->section,
                    line->path);
        report_failure(report, &err);
}

unsigned keys_check(const struct unit_file *file, const char *section, struct report *report)
{
        const struct unit_section *found = unit_section(file, section);
        const struct unit_keys *keys = found ? keys_section(section) : NULL;
        unsigned unknown = 0;

        for (size_t i = 0; found && i < found->lines.count; i++) {
                struct unit_line *line = &found->lines.items[i];

                if (line->key)
                        line->row = keys_find(keys, line->key);
                if (!line->key || line->row)
                        continue;
                if (report)
                        report_unknown(keys, line, report);
                unknown++;
        }
        return unknown;
}

static void warn_keys(const struct unit_section *section, const char *const *names, bool complete,
                      struct report *report)
{
        for (size_t i = 0; i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];
                const char *nearest;

                if (!line->key || is_listed(names, line->key) || str_has_prefix(line->key, "X-"))
                        continue;
                nearest = str_nearest(line->key, names);
                if (nearest && (complete || str_equal_nocase(nearest, line->key)))
                        report_at(report, REPORT_WARNING, unit_key_place(line),
                                  "unknown key %s= in [%s]; did you mean %s=?", line->key,
                                  section->name, nearest);
                else if (complete)
                        report_at(report, REPORT_WARNING, unit_key_place(line),
                                  "unknown key %s= in [%s]", line->key, section->name);
        }
}

void keys_warn_typos(const struct unit_file *file, struct report *report)
{
        for (size_t i = 0; i < file->count; i++) {
                const struct unit_section *section = &file->sections[i];
                const char *nearest;

                if (str_is(section->name, "Install"))
                        warn_keys(section, install_names, true, report);
                else if (str_is(section->name, "Service"))
                        warn_keys(section, service_names, false, report);
                if (is_listed(section_names, section->name) || str_has_prefix(section->name, "X-"))
                        continue;
                nearest = str_nearest(section->name, section_names);
                if (nearest)
                        report_at(report, REPORT_WARNING,
                                  (struct error_place){ section->path, section->number, 1 },
                                  "unknown section [%s]; did you mean [%s]?", section->name,
                                  nearest);
        }
}
