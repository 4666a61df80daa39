/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of the units: what crunit would refuse when they start, and files that are not
 * there. It is asked for each option by itself, so that all of them are found and the line that
 * each comes from. */
#include "check.h"

#include "../cmd/global.h"
#include "../cmd/refuse.h"
#include "../cmd/run-options.h"
#include "../unit/keys.h"
#include "../unit/values.h"

#include <errno.h>
#include <unistd.h>

static const struct option_row *find_row(const struct option_row *table, const char *word)
{
        size_t length = strcspn(word, "=");

        for (const struct option_row *row = table; row->name; row++) {
                if (word[1] == '-' && strlen(row->name) == length - 2 &&
                    strncmp(row->name, word + 2, length - 2) == 0)
                        return row;
                if (word[1] != '-' && row->letter && row->letter == word[1])
                        return row;
        }
        return NULL;
}

/* How many words the option takes. */
static size_t count_words(const struct option_row *row, const char *word)
{
        if (!row || row->kind != OPTION_VALUE)
                return 1;
        return word[1] == '-' ? (strchr(word, '=') ? 1 : 2) : word[2] ? 1 : 2;
}

size_t check_count_words(const struct option_row *table, const char *word)
{
        return count_words(find_row(table, word), word);
}

static const char *value_of(const struct strv *words, size_t index, size_t count)
{
        const char *word = words->items[index];
        const char *equals = strchr(word, '=');

        if (count == 2)
                return index + 1 < words->count ? words->items[index + 1] : NULL;
        if (word[1] != '-')
                return word + 2;
        return equals ? equals + 1 : NULL;
}

const char *check_option_value(const struct strv *words, size_t index, const char *name,
                               char letter)
{
        const struct option_row rows[] = { { .name = name, .letter = letter }, { .name = NULL } };
        const char *word = words->items[index];
        const struct option_row *row = word[0] == '-' && word[1] ? find_row(rows, word) : NULL;

        return row ? value_of(words, index, count_words(row, word)) : NULL;
}

/* PodmanArgs= and GlobalArgs= hold options as they are. */
static bool is_from_arguments(const struct unit_file *file, const char *section, const char *key,
                              const char *word, const char *value, struct error_place *ret)
{
        AUTO_VALUES struct values args = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (values_read_key(file, section, key, &args, NULL, &err) < 0)
                return false;
        for (size_t i = 0; i < args.count; i++) {
                if (!str_equal(args.items[i].text, word) ||
                    (value && !strchr(word, '=') && i + 1 < args.count && word[1] == '-' &&
                     !str_equal(args.items[i + 1].text, value)))
                        continue;
                *ret = unit_value_place(args.items[i].line);
                return true;
        }
        return false;
}

/* Whether this row becomes this option: "--option", "--option prefix=" or "--option=…". */
static bool becomes(const struct unit_key *row, const char *word, const char *value)
{
        size_t length = strcspn(word, "=");
        const char *rest;

        if (!row || !row->option || strncmp(row->option, word, length) != 0)
                return false;
        rest = row->option + length;
        return !*rest || (*rest == '=' && word[length]) ||
               (*rest == ' ' && value && str_has_prefix(value, rest + 1));
}

/* The value as it stands there, or a relative path that has become an absolute one. */
static bool is_from_line(const struct unit_line *line, const char *value)
{
        const char *relative = str_after(line->value, "./");
        AUTO_FREE char *path = NULL;

        if (!value || !*line->value || strstr(line->value, value))
                return value && *line->value;
        path = str_dupn(relative ? relative : line->value,
                        strcspn(relative ? relative : line->value, ":"));
        return *path && strstr(value, path);
}

struct error_place check_option_place(const struct check_unit *unit, const char *word,
                                      const char *value, const struct unit_key **ret_key)
{
        const struct unit_file *file = &unit->source->file;
        const struct unit_section *section = unit_section(file, unit->source->type->section);
        const struct unit_line *found = NULL;
        struct error_place place = { 0 };

        if (ret_key)
                *ret_key = NULL;
        if (!section || is_from_arguments(file, section->name, "PodmanArgs", word, value, &place) ||
            is_from_arguments(file, section->name, "GlobalArgs", word, value, &place))
                return place;
        for (size_t i = 0; i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];

                if (!line->key || !becomes(line->row, word, value))
                        continue;
                found = line;
                if (is_from_line(line, value))
                        break;
        }
        if (found && ret_key)
                *ret_key = found->row;
        return unit_value_place(found);
}

/* An option of `crunit run` in its unit. */
struct run_option {
        const struct check_unit *unit;
        size_t index, count; /* its words */
        const struct option_row *row;
};

static struct error_place place_of(const struct run_option *option, const struct unit_key **ret_key)
{
        const struct strv *words = &option->unit->words;

        return check_option_place(option->unit, words->items[option->index],
                                  value_of(words, option->index, option->count), ret_key);
}

void check_report_option(struct check *check, const struct check_unit *unit, size_t index,
                         size_t count, enum report_level level, int code, const char *text)
{
        const struct run_option option = { .unit = unit, .index = index, .count = count };
        const struct unit_key *key = NULL;
        struct error_place place = place_of(&option, &key);

        if (check_has_error(check, place) && key)
                return;
        if (key && code == EOPNOTSUPP)
                check_report(check, unit, level, place, "%s=: %s (Podman has it since %s)",
                             key->name, text, key->since);
        else
                check_report(check, unit, level, place, "%s%s%s", key ? key->name : "",
                             key ? "=: " : (place.path ? "PodmanArgs=: " : ""), text);
}

static void report_option(struct check *check, const struct run_option *option,
                          enum report_level level, int code, const char *text)
{
        check_report_option(check, option->unit, option->index, option->count, level, code, text);
}

static void check_exists(struct check *check, const struct check_unit *unit,
                         struct error_place place, const char *path)
{
        if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
                check_report(check, unit, REPORT_WARNING, place, "%s does not exist here", path);
}

/* Files of the host that the option names. */
static void check_files(struct check *check, const struct run_option *option,
                        const struct container_spec *spec)
{
        const char *files[3] = { NULL };
        size_t count = 0;
        struct error_place place = place_of(option, NULL);

        if (spec->env_files.count)
                files[count++] = spec->env_files.items[0];
        if (spec->seccomp && *spec->seccomp == '/')
                files[count++] = spec->seccomp;
        if (spec->mount_count && spec->mounts[0].type == SPEC_MOUNT_BIND)
                files[count++] = spec->mounts[0].source;
        for (size_t i = 0; i < count; i++)
                if (files[i])
                        check_exists(check, option->unit, place, files[i]);
}

static bool is_about_networks(const char *name)
{
        static const char *const names[] = { "network", "net", "ip", "ip6", "publish" };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (str_equal(names[i], name))
                        return true;
        return false;
}

/* Parse some words as `crunit run` does, and see whether it would run that. */
static int try_words(struct strv *words, struct container_spec *spec, struct error *err)
{
        int first;

        spec_init(spec);
        if (option_parse(run_options, true, (int)words->count, words->items, spec, &first, err) < 0)
                return -1;
        return spec_check_supported(spec, err);
}

/* With the unit's own network where that can be had: another would be to blame for everything. */
static void check_option(struct check *check, const struct run_option *option,
                         const struct strv *network)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv words = { 0 };
        const char *value = value_of(&option->unit->words, option->index, option->count);

        if (option->row && value && check_is_open(value))
                return;
        strv_append(&words, "run");
        strv_append_all(&words, network);
        for (size_t i = 0; i < option->count && option->index + i < option->unit->words.count; i++)
                strv_append(&words, option->unit->words.items[option->index + i]);
        if (try_words(&words, &spec, &err) < 0)
                report_option(check, option, REPORT_ERROR, err.code, err.message);
        for (size_t i = 0; i < spec.notes.count; i++)
                report_option(check, option, REPORT_WARNING, 0, spec.notes.items[i]);
        check_files(check, option, &spec);
}

/* The options of the unit's command, up to the image. Returns the index of that. */
static size_t next_option(const struct check_unit *unit, size_t index, struct run_option *ret)
{
        const char *word = index < unit->words.count ? unit->words.items[index] : "";

        if (word[0] != '-' || !word[1])
                return 0;
        *ret = (struct run_option){ .unit = unit, .index = index };
        ret->row = find_row(run_options, word);
        ret->count = count_words(ret->row, word);
        return index + ret->count;
}

/* The unit's networks and its pod, as words; false where `crunit run` refuses them. */
static bool read_networks(struct check *check, const struct check_unit *unit, struct strv *ret)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv words = { 0 };
        struct run_option option, last = { 0 };
        struct error_place place = { 0 };

        for (size_t i = unit->command + 1, next; (next = next_option(unit, i, &option)); i = next) {
                if (!option.row ||
                    (!str_equal(option.row->name, "network") &&
                     !str_equal(option.row->name, "net") && !str_equal(option.row->name, "pod")))
                        continue;
                last = option;
                if (next <= unit->words.count &&
                    !check_is_open(unit->words.items[i + option.count - 1]))
                        strv_appendf(ret, "--%s=%s", option.row->name,
                                     value_of(&unit->words, i, option.count));
        }
        strv_append(&words, "run");
        strv_append_all(&words, ret);
        if (try_words(&words, &spec, &err) == 0)
                return true;
        if (last.unit)
                place = place_of(&last, NULL);
        check_report(check, unit, REPORT_ERROR, place, "%s", err.message);
        strv_free(ret);
        strv_append(ret, "--network=none");
        return false;
}

/* The directory behind --rootfs and its options, with all else that is asked for. */
static void check_rootfs(struct check *check, const struct run_option *option, size_t image,
                         const struct strv *words)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv trial = { 0 };
        const struct strv *unit = &option->unit->words;

        if (image >= unit->count || check_is_open(unit->items[image]))
                return;
        strv_append_all(&trial, words);
        if (try_words(&trial, &spec, &err) < 0 ||
            run_options_finish(&spec, 1, &unit->items[image], &err) < 0 ||
            spec_check_supported(&spec, &err) < 0)
                report_option(check, option, REPORT_ERROR, err.code, err.message);
        else
                check_exists(check, option->unit, place_of(option, NULL), spec.rootfs);
}

/* What each by itself could be, but not together: each that does not go with those in front of it.
 * Options whose values are known at the start alone are left out. */
static void check_together(struct check *check, const struct check_unit *unit)
{
        AUTO_STRV struct strv words = { 0 };
        struct run_option option, rootfs = { 0 };
        size_t image = unit->command + 1;

        strv_append(&words, "run");
        for (size_t i = image, next; (next = next_option(unit, i, &option)); image = i = next) {
                AUTO_SPEC struct container_spec spec = { 0 };
                AUTO_ERROR struct error err = { 0 };
                AUTO_STRV struct strv trial = { 0 };
                const char *value = value_of(&unit->words, i, option.count);

                if (!option.row || next > unit->words.count || (value && check_is_open(value)))
                        continue;
                if (str_equal(option.row->name, "rootfs"))
                        rootfs = option;
                strv_append_all(&trial, &words);
                for (size_t k = i; k < next; k++)
                        strv_append(&trial, unit->words.items[k]);
                if (try_words(&trial, &spec, &err) < 0) {
                        report_option(check, &option, REPORT_ERROR, err.code, err.message);
                        continue;
                }
                strv_free(&words);
                strv_append_all(&words, &trial);
        }
        if (rootfs.unit)
                check_rootfs(check, &rootfs, image, &words);
}

static void check_run_command(struct check *check, struct check_unit *unit)
{
        AUTO_STRV struct strv network = { 0 };
        struct run_option option;
        size_t image = unit->command + 1;
        bool has_network = read_networks(check, unit, &network);
        bool has_rootfs = false;
        size_t errors = check_count_errors(check, unit);

        for (size_t i = unit->command + 1, next; (next = next_option(unit, i, &option)); i = next) {
                const char *name = option.row ? option.row->name : "";
                const char *value = value_of(&unit->words, i, option.count);

                image = next;
                has_rootfs = has_rootfs || str_equal(name, "rootfs");
                if (value)
                        check_presence(check, unit, i, option.count, name, value);
                if (str_equal(name, "pull"))
                        unit->pull_never = str_equal(value, "never");
                if (str_equal(name, "network") || str_equal(name, "net") ||
                    (!has_network && is_about_networks(name)))
                        continue;
                check_option(check, &option, &network);
        }
        if (image < unit->words.count && !has_rootfs &&
            unit_last_value(&unit->source->file, "Container", "Image"))
                unit->image = unit->words.items[image];
        if (has_network && check_count_errors(check, unit) == errors)
                check_together(check, unit);
}

/* Files that the commands for other types name. */
static void check_other_files(struct check *check, const struct check_unit *unit)
{
        static const char *const options[] = { "authfile", "cert-dir", "configmap", "ignorefile",
                                               "file" };

        for (size_t i = unit->command + 1; i < unit->words.count; i++) {
                for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
                        const char *word = unit->words.items[i];
                        const char *value = check_option_value(&unit->words, i, options[k], 0);

                        if (value && *value == '/' && !check_is_open(value) &&
                            access(value, F_OK) < 0)
                                check_report(check, unit, REPORT_WARNING,
                                             check_option_place(unit, word, value, NULL),
                                             "%s does not exist here", value);
                }
        }
}

static void check_yaml(struct check *check, const struct check_unit *unit)
{
        AUTO_VALUES struct values files = { 0 };
        AUTO_ERROR struct error err = { 0 };
        size_t first;

        if (values_read_key(&unit->source->file, "Kube", "Yaml", &files, NULL, &err) < 0 ||
            files.count > unit->words.count)
                return;
        first = unit->words.count - files.count;
        for (size_t i = 0; i < files.count; i++) {
                const char *word = unit->words.items[first + i];

                if (!check_is_open(word) && access(word, F_OK) < 0)
                        check_report(check, unit, REPORT_WARNING,
                                     unit_value_place(files.items[i].line),
                                     "%s does not exist here", word);
        }
}

/* EnvironmentFile= of [Service], where a dash allows that it is missing. */
static void check_service_files(struct check *check, const struct check_unit *unit)
{
        const struct unit_section *section = unit_section(&unit->source->file, "Service");

        for (size_t i = 0; section && i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];

                if (line->key && str_equal(line->key, "EnvironmentFile") && *line->value == '/' &&
                    !check_is_open(line->value) && access(line->value, F_OK) < 0)
                        check_report(check, unit, REPORT_WARNING, unit_value_place(line),
                                     "%s does not exist here", line->value);
        }
}

static void check_refused(struct check *check, const struct check_unit *unit)
{
        const struct cmd *refused = cmd_find_refused(
                unit->words.items[unit->command],
                unit->command + 1 < unit->words.count ? unit->words.items[unit->command + 1] : "");

        if (refused)
                check_report(check, unit, REPORT_ERROR, (struct error_place){ 0 },
                             "this version of crunit has no %s; the unit fails when it starts",
                             refused->arguments);
}

/* Options in front of the subcommand. What they set in our environment is of no use here. */
static void check_global_options(struct check *check, const struct check_unit *unit)
{
        size_t count;

        for (size_t i = 1; i < unit->command; i += count) {
                AUTO_ERROR struct error err = { 0 };
                AUTO_STRV struct strv words = { 0 };
                struct global_question question = { false };
                const struct unit_key *key = NULL;
                const char *word = unit->words.items[i];
                struct error_place place;
                int first;

                count = check_count_words(global_options, word);
                strv_append(&words, unit->words.items[0]);
                for (size_t k = 0; k < count && i + k < unit->words.count; k++)
                        strv_append(&words, unit->words.items[i + k]);
                if (check_is_open(words.items[words.count - 1]) ||
                    (global_parse((int)words.count, words.items, &question, &first, &err) == 0 &&
                     !question.help && !question.version))
                        continue;
                if (!err.message)
                        error_set(&err, EINVAL, "%s: nothing is done then but to answer", word);
                place = check_option_place(unit, word, value_of(&unit->words, i, count), &key);
                check_report(check, unit, REPORT_ERROR, place, "%s=: %s",
                             key ? key->name : "GlobalArgs", err.message);
        }
}

void check_commands(struct check *check)
{
        for (size_t i = 0; i < check->count; i++) {
                struct check_unit *unit = &check->units[i];

                check_service_files(check, unit);
                if (unit->command >= unit->words.count)
                        continue;
                check_global_options(check, unit);
                if (str_equal(unit->words.items[unit->command], "run")) {
                        check_run_command(check, unit);
                        continue;
                }
                if (str_equal(unit->words.items[unit->command], "volume"))
                        check_volume(check, unit);
                if (str_equal(unit->words.items[unit->command], "network"))
                        check_network(check, unit);
                check_refused(check, unit);
                check_pod_command(check, unit);
                check_other_files(check, unit);
                check_yaml(check, unit);
        }
}
