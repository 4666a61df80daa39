/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit check */
#include "../check/check.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../image/store.h"
#include "unit-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

struct check_arguments {
        char *format, *podman; /* owned */
        bool is_user, no_verify, strict;
};

#define FIELD(name) offsetof(struct check_arguments, name)

/* 5.4, or 5, or 5.4.2: with anything else nothing would be compared. */
static bool check_is_release(const char *text)
{
        static const char digits[] = "0123456789";
        unsigned numbers = 0;

        for (;; text++) {
                size_t length = strspn(text, digits);

                if (!length || length > 4 || ++numbers > 3)
                        return false;
                text += length;
                if (*text != '.')
                        return !*text;
        }
}

static int check_take_release(void *context, const struct option_row *row, const char *value,
                              struct error *err)
{
        if (!check_is_release(value))
                return error_set(err, EINVAL, "--podman %s: not a release such as 5.4", value);
        return option_take_string(context, row, value, err);
}

const struct option_row cmd_check_options[] = {
        { "format", 0, OPTION_VALUE, "FORMAT", "text (the default) or json", option_take_string,
          FIELD(format) },
        { "no-verify", 0, OPTION_FLAG, NULL, "Do not ask systemd-analyze about the units",
          option_take_bool, FIELD(no_verify) },
        { "podman", 0, OPTION_VALUE, "RELEASE",
          "Warn of keys that this release of Podman does not have, as 5.4", check_take_release,
          FIELD(podman) },
        { "strict", 0, OPTION_FLAG, NULL, "Fail for warnings too", option_take_bool,
          FIELD(strict) },
        { "user", 0, OPTION_FLAG, NULL, "Check files for a user's own systemd", option_take_bool,
          FIELD(is_user) },
        { .name = NULL },
};

static void check_arguments_free(struct check_arguments *arguments)
{
        free(arguments->format);
        free(arguments->podman);
}

static void print_text(const struct check *check)
{
        for (size_t i = 0; i < check->problem_count; i++) {
                const struct check_problem *problem = &check->problems[i];

                AUTO_STRBUF struct strbuf place = { 0 };

                if (problem->path)
                        strbuf_appendf(&place, "%s:", problem->path);
                if (problem->line)
                        strbuf_appendf(&place, "%u:", problem->line);
                if (problem->column)
                        strbuf_appendf(&place, "%u:", problem->column);
                if (problem->path)
                        strbuf_append_char(&place, ' ');
                printable_line("%s%s: %s", place.data ? place.data : "",
                               check_level_name(problem->level), problem->text);
        }
}

static void print_json(const struct check *check)
{
        AUTO_JSON struct json_object *list = json_object_new_array();
        AUTO_FREE char *text = NULL;

        for (size_t i = 0; i < check->problem_count; i++) {
                const struct check_problem *problem = &check->problems[i];
                struct json_object *object = json_object_new_object();

                json_set_string(object, "file", problem->path);
                if (problem->line)
                        json_object_object_add(object, "line",
                                               json_object_new_int64(problem->line));
                if (problem->column)
                        json_object_object_add(object, "column",
                                               json_object_new_int64(problem->column));
                json_set_string(object, "severity", check_level_name(problem->level));
                json_set_string(object, "message", problem->text);
                json_object_array_add(list, object);
        }
        text = json_shown(list);
        puts(text);
}

static size_t count_level(const struct check *check, enum report_level level)
{
        size_t count = 0;

        for (size_t i = 0; i < check->problem_count; i++)
                count += check->problems[i].level == level;
        return count;
}

static int run_check(const struct check_arguments *arguments, size_t count, char *const *paths,
                     struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_CHECK struct check check = { 0 };
        AUTO_FREE char *storage = NULL;
        struct check_options options = { .is_user = arguments->is_user,
                                         .no_verify = arguments->no_verify,
                                         .podman = arguments->podman };

        if (cmd_load_settings(&settings, err) < 0)
                return CMD_USAGE;
        storage = str_dup(store_root_of(settings.storage));
        options.storage = storage;
        if (check_run(&check, &options, count, paths, err) < 0)
                return CMD_USAGE;
        if (str_equal(arguments->format, "json"))
                print_json(&check);
        else
                print_text(&check);
        if (count_level(&check, REPORT_ERROR) ||
            (arguments->strict && count_level(&check, REPORT_WARNING)))
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

int cmd_check(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(check_arguments_free) struct check_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, -1, &first, &status))
                return status;
        if (arguments.format && !str_equal(arguments.format, "text") &&
            !str_equal(arguments.format, "json")) {
                log_error("--format %s: not text or json", arguments.format);
                return CMD_USAGE;
        }
        status = run_check(&arguments, (size_t)(argc - first), argv + first, &err);
        if (err.message)
                log_error("%s", err.message);
        return status;
}
