/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "../cmd/global.h"
#include "../unit/install.h"
#include "../unit/translate.h"
#include "../unit/words.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *check_level_name(enum report_level level)
{
        static const char *const names[] = {
                [REPORT_DETAIL] = "detail",
                [REPORT_INFO] = "info",
                [REPORT_WARNING] = "warning",
                [REPORT_ERROR] = "error",
        };

        return names[level];
}

bool check_is_open(const char *text)
{
        return strpbrk(text, "%$") != NULL;
}

static const struct check_unit *unit_of_name(const struct check *check, const char *name)
{
        for (size_t i = 0; name && i < check->count; i++)
                if (str_equal(check->units[i].source->name, name))
                        return &check->units[i];
        return NULL;
}

static bool is_wanted_path(const struct check *check, const char *path)
{
        if (strv_contains(&check->files, path))
                return true;
        for (size_t i = 0; i < check->directories.count; i++) {
                const char *rest = str_after(path, check->directories.items[i]);

                if (rest && *rest == '/')
                        return true;
        }
        return !check->files.count && !check->directories.count;
}

bool check_is_wanted(const struct check *check, const struct check_unit *unit)
{
        return is_wanted_path(check, unit->source->path);
}

/* Files beside those that were asked for are read, because these may refer to them; their own
 * problems are not of interest. */
static bool is_wanted(const struct check *check, const struct report_message *message)
{
        const struct check_unit *unit = unit_of_name(check, message->unit);

        if (unit)
                return check_is_wanted(check, unit);
        if (!message->place.path || is_wanted_path(check, message->place.path))
                return true;
        for (size_t i = 0; i < check->set.count; i++)
                if (strv_contains(&check->set.sources[i].paths, message->place.path) &&
                    is_wanted_path(check, check->set.sources[i].path))
                        return true;
        return false;
}

static void take_message(void *context, const struct report_message *message)
{
        struct check *check = context;
        const struct check_unit *unit = unit_of_name(check, message->unit);
        const char *path = message->place.path;

        if (!is_wanted(check, message))
                return;
        if (!path && unit)
                path = unit->source->path;
        if (check->problem_count == check->problem_capacity) {
                check->problem_capacity =
                        check->problem_capacity ? check->problem_capacity * 2 : 16;
                check->problems = alloc_grow(check->problems, check->problem_capacity,
                                             sizeof *check->problems);
        }
        check->problems[check->problem_count++] = (struct check_problem){
                .level = message->level,
                .path = str_dup(path),
                .line = message->place.line,
                .column = message->place.column,
                .text = str_dup(message->text),
        };
}

void check_report(struct check *check, const struct check_unit *unit, enum report_level level,
                  struct error_place place, const char *format, ...)
{
        AUTO_FREE char *text = NULL;
        va_list args;

        va_start(args, format);
        text = str_vformat(format, args);
        va_end(args);
        check->report.unit = unit->source->name;
        report_at(&check->report, level, place, "%s", text);
        check->report.unit = NULL;
}

bool check_has_error(const struct check *check, struct error_place place)
{
        for (size_t i = 0; place.line && i < check->problem_count; i++)
                if (check->problems[i].level == REPORT_ERROR &&
                    check->problems[i].line == place.line &&
                    str_equal(check->problems[i].path, place.path))
                        return true;
        return false;
}

size_t check_count_errors(const struct check *check, const struct check_unit *unit)
{
        size_t count = 0;

        for (size_t i = 0; i < check->problem_count; i++)
                count += check->problems[i].level == REPORT_ERROR &&
                         str_equal(check->problems[i].path, unit->source->path);
        return count;
}

static int compare_problems(const void *a, const void *b)
{
        const struct check_problem *left = a, *right = b;
        int order = strcmp(left->path ? left->path : "", right->path ? right->path : "");

        if (!order && left->line != right->line)
                order = left->line < right->line ? -1 : 1;
        if (!order && left->column != right->column)
                order = left->column < right->column ? -1 : 1;
        if (!order && left->level != right->level)
                order = left->level > right->level ? -1 : 1;
        return order ? order : strcmp(left->text, right->text);
}

static void problem_free(struct check_problem *problem)
{
        free(problem->path);
        free(problem->text);
}

/* By place; a drop-in that many files share says the same thing once. */
static void sort_problems(struct check *check)
{
        size_t kept = 0;

        if (check->problem_count)
                qsort(check->problems, check->problem_count, sizeof *check->problems,
                      compare_problems);
        for (size_t i = 0; i < check->problem_count; i++) {
                if (kept && compare_problems(&check->problems[kept - 1], &check->problems[i]) == 0)
                        problem_free(&check->problems[i]);
                else
                        check->problems[kept++] = check->problems[i];
        }
        check->problem_count = kept;
}

/* Take apart the command that starts the unit: program, global options, subcommand. */
static void read_command(struct check_unit *unit)
{
        const char *line = unit_last_value(&unit->file, "Service", "ExecStart");

        if (!line || words_split(line, WORDS_DECODE, &unit->words, NULL, NULL) < 0)
                return;
        unit->command = 1;
        while (unit->command < unit->words.count && unit->words.items[unit->command][0] == '-')
                unit->command +=
                        check_count_words(global_options, unit->words.items[unit->command]);
}

/* As the generator does it, but for the writing. */
static void translate_all(struct check *check)
{
        for (unsigned rank = 0; rank < UNIT_RANKS; rank++) {
                for (size_t i = 0; i < check->count; i++) {
                        struct check_unit *unit = &check->units[i];
                        AUTO_INSTALL struct install install = { 0 };

                        if (!unit->source->usable || unit->source->type->rank != rank)
                                continue;
                        if (translate_source(&check->set, unit->source, &check->report,
                                             &unit->file) < 0)
                                unit->source->usable = false;
                        check->report.unit = unit->source->name;
                        install_plan(&unit->file, unit->source->service, &install, &check->report);
                        check->report.unit = NULL;
                        read_command(unit);
                }
        }
}

static bool is_found(const struct search *search, const char *path)
{
        for (size_t i = 0; i < search->count; i++) {
                const char *rest = str_after(path, search->files[i].directory);

                if (rest && *rest == '/' && str_equal(rest + 1, search->files[i].name))
                        return true;
        }
        return false;
}

/* What is wrong with directories that nobody has named. */
static void search_ignore(void *context, const struct report_message *message)
{
        (void)context;
        (void)message;
}

/* Files that the generator would find are seen in the company it would find them in; others in that
 * of their directory. */
static void search_files(struct check *check)
{
        bool named = check->files.count || check->directories.count;
        struct report quiet = { .take = named ? search_ignore : check->report.take,
                                .context = check->report.context };
        AUTO_STRV struct strv directories = { 0 };
        AUTO_FREE char *joined = NULL;
        bool found = !check->directories.count;

        search_run(&check->search, "", check->options.is_user, getenv("QUADLET_UNIT_DIRS"), &quiet);
        for (size_t i = 0; i < check->files.count; i++)
                found = found && is_found(&check->search, check->files.items[i]);
        if (found)
                return;
        search_free(&check->search);
        strv_append_all(&directories, &check->directories);
        for (size_t i = 0; i < check->files.count; i++) {
                const char *path = check->files.items[i];
                AUTO_FREE char *directory = str_dupn(path, (size_t)(strrchr(path, '/') - path));

                if (!strv_contains(&directories, directory))
                        strv_append(&directories, directory);
        }
        joined = strv_join(&directories, ":");
        search_run(&check->search, "", check->options.is_user, joined, &check->report);
}

static int take_path(struct check *check, const char *path, struct error *err)
{
        AUTO_FREE char *real = realpath(path, NULL);
        struct stat st;

        if (!real || stat(real, &st) < 0)
                return error_errno(err, errno, "%s", path);
        if (strchr(real, ':'))
                return error_set(err, EINVAL, "%s: a colon separates directories", real);
        if (S_ISDIR(st.st_mode)) {
                strv_append_owned(&check->directories, steal_str(&real));
                return 0;
        }
        if (!unit_type_of(real))
                return error_set(err, EINVAL, "%s: not a container file", path);
        strv_append_owned(&check->files, steal_str(&real));
        return 0;
}

int check_run(struct check *check, const struct check_options *options, size_t count,
              char *const *paths, struct error *err)
{
        const char *program = getenv("CRUNIT");

        check->options = *options;
        check->report = (struct report){ .take = take_message, .context = check };
        for (size_t i = 0; i < count; i++)
                if (take_path(check, paths[i], err) < 0)
                        return -1;
        search_files(check);
        check->set.program = str_empty(program) ? BINDIR "/crunit" : program;
        check->set.is_user = options->is_user;
        unit_set_load(&check->set, &check->search, &check->report);
        check->units = alloc_zero(check->set.count + 1, sizeof *check->units);
        check->count = check->set.count;
        for (size_t i = 0; i < check->count; i++)
                check->units[i].source = &check->set.sources[i];
        translate_all(check);
        check_names(check);
        check_releases(check);
        check_commands(check);
        check_images(check);
        if (options->is_user && check->count)
                report_at(&check->report, REPORT_WARNING, (struct error_place){ 0 },
                          "containers of users are not supported by this version: crunit does not "
                          "start them");
        check_subids(check);
        check_ports(check);
        check_cycles(check);
        if (!options->no_verify)
                check_with_systemd(check);
        sort_problems(check);
        return 0;
}

void check_free(struct check *check)
{
        for (size_t i = 0; i < check->count; i++) {
                unit_free(&check->units[i].file);
                strv_free(&check->units[i].words);
        }
        free(check->units);
        for (size_t i = 0; i < check->problem_count; i++)
                problem_free(&check->problems[i]);
        free(check->problems);
        unit_set_free(&check->set);
        search_free(&check->search);
        strv_free(&check->files);
        strv_free(&check->directories);
        *check = (struct check){ 0 };
}
