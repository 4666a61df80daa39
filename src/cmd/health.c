/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit health run, ls, show; and watch, which the unit beside a container runs. */
#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../container/crun.h"
#include "../container/health-unit.h"
#include "../container/place.h"
#include "commands.h"
#include "format.h"
#include "health-view.h"
#include "listing.h"
#include "running.h"

#include <errno.h>
#include <stddef.h>

enum {
        HEALTH_COLUMNS = 4,
};

struct health_request {
        char *format; /* owned */
};

const struct option_row health_run_options[] = { { .name = NULL } };
const struct option_row health_show_options[] = { { .name = NULL } };
const struct option_row health_ls_options[] = {
        { .name = "format",
          .argument = "FORMAT",
          .help = "table, or json",
          .take = format_take_plain,
          .field = offsetof(struct health_request, format) },
        { .name = NULL },
};

/* --- run and watch: another program does it, executed from a read-only copy, since it goes into
 * the container */

static int health_execute(const struct strv *args, struct error *err)
{
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_FREE char *path = str_concat(directory ? directory : LIBEXECDIR, "/crunit-health");
        AUTO_CRUN struct crun program = { .clone = -1 };

        if (crun_close_inherited(0, err) < 0 ||
            crun_open(path, place_runtime(), "", &program, err) < 0)
                return -1;
        return crun_exec(&program, args, err);
}

/* The running container, whose health is asked for. */
static int health_find(const char *name, struct container_state *state, char **ret_run,
                       struct health *health, struct error *err)
{
        if (running_find(name, state, ret_run, err) < 0)
                return -1;
        if (!state->init.pid || !state_alive(state))
                return error_set(err, ESRCH, "container '%s' is not running", name);
        if (health_read(*ret_run, health, err) < 0)
                return err->code == ENOENT
                               ? error_set(err, ENODATA, "container '%s' has no health check", name)
                               : -1;
        return 0;
}

static int health_run(const char *name, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STATE struct container_state state = { 0 };
        AUTO_HEALTH struct health health = { 0 };
        AUTO_FREE char *run = NULL;
        AUTO_STRV struct strv args = { 0 };

        if (cmd_load_settings(&settings, err) < 0 ||
            health_find(name, &state, &run, &health, err) < 0)
                return -1;
        strv_append(&args, "crunit-health");
        strv_append(&args, "once");
        strv_append(&args, run);
        if (settings.runtime)
                strv_append(&args, settings.runtime);
        return health_execute(&args, err);
}

int cmd_health_run(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        health_run(argv[first], &err);
        log_error("%s", err.message);
        return CMD_USAGE;
}

static int health_watch(const char *name, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STATE struct container_state state = { 0 };
        AUTO_HEALTH struct health health = { 0 };
        AUTO_FREE char *run = NULL;
        AUTO_STRV struct strv args = { 0 };
        uint64_t interval;

        if (cmd_load_settings(&settings, err) < 0 ||
            health_find(name, &state, &run, &health, err) < 0 ||
            health_unit_interval(&state, &health.settings, &interval, err) < 0)
                return -1;
        strv_append(&args, "crunit-health");
        strv_append(&args, "watch");
        strv_append(&args, run);
        strv_appendf(&args, "%llu", (unsigned long long)interval);
        if (settings.runtime)
                strv_append(&args, settings.runtime);
        return health_execute(&args, err);
}

/* The timer has nothing to start any more: it was made for a container that is gone, perhaps before
 * its unit could take the timer with it. */
int cmd_health_watch(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_ERROR struct error ignored = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 2, 2, &first, &status))
                return status;
        health_watch(argv[first], &err);
        if (err.code != ESRCH && err.code != ENOENT && err.code != ENODATA) {
                log_error("%s: %s", argv[first], err.message);
                return EXIT_FAILURE;
        }
        if (health_unit_stop_named(argv[first + 1], &ignored) < 0)
                log_warning("%s", ignored.message);
        return EXIT_SUCCESS;
}

/* --- ls */

static void health_list_row(const struct container_state *state, const struct health *health,
                            struct strv *row)
{
        const struct health_result *last =
                health->log_count ? &health->log[health->log_count - 1] : NULL;

        strv_append(row, state->name);
        strv_append(row, health_status_name(health->status));
        strv_appendf(row, "%u", health->failing);
        strv_append_owned(row, last ? listing_age(last->end) : str_dup("never"));
}

static struct json_object *health_list_json(const struct container_state *state, const char *run)
{
        struct json_object *object = json_object_new_object();

        json_set_string(object, "Name", state->name);
        json_set_string(object, "Unit", state->unit);
        health_view_add_state(run, object);
        return object;
}

struct health_list {
        struct strv *rows; /* owned */
        size_t count;
        struct json_object *json; /* owned */
};

static void health_list_free(struct health_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                strv_free(&list->rows[i]);
        free(list->rows);
        json_object_put(list->json);
}

static struct strv *health_list_grow(struct health_list *list)
{
        list->rows = alloc_grow(list->rows, list->count + 1, sizeof *list->rows);
        list->rows[list->count] = (struct strv){ 0 };
        return &list->rows[list->count++];
}

static void health_list_add(struct health_list *list, const char *label)
{
        AUTO_FREE char *run = str_concat(place_runtime(), "/containers/", label);
        AUTO_STATE struct container_state state = { 0 };
        AUTO_HEALTH struct health health = { 0 };

        if (state_read(run, &state, NULL) < 0 || !state_alive(&state) ||
            health_read(run, &health, NULL) < 0)
                return;
        health_list_row(&state, &health, health_list_grow(list));
        json_object_array_add(list->json, health_list_json(&state, run));
}

static int health_list(bool json, struct error *err)
{
        static const char *const titles[HEALTH_COLUMNS] = { "NAME", "STATUS", "FAILING",
                                                            "LAST CHECK" };
        AUTO_STRV struct strv labels = { 0 };
        CLEANUP(health_list_free) struct health_list list = { .json = json_object_new_array() };
        struct strv *heading = health_list_grow(&list);

        for (size_t i = 0; i < HEALTH_COLUMNS; i++)
                strv_append(heading, titles[i]);
        if (place_list(NULL, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++)
                health_list_add(&list, labels.items[i]);
        if (json) {
                AUTO_FREE char *text = json_shown(list.json);

                puts(text);
        } else {
                listing_print(list.rows, list.count, HEALTH_COLUMNS);
        }
        return 0;
}

int cmd_health_ls(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct health_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        status = EXIT_SUCCESS;
        if (health_list(format_is_json(request.format), &err) < 0)
                status = log_failure(&err);
        free(request.format);
        return status;
}

/* --- show */

static void health_show_time(const char *what, uint64_t milliseconds)
{
        printf("%-16s%llu.%03llus\n", what, (unsigned long long)milliseconds / 1000,
               (unsigned long long)milliseconds % 1000);
}

static void health_show_test(const char *what, const struct strv *test)
{
        AUTO_FREE char *words = strv_join(test, " ");
        AUTO_FREE char *clean = health_clean(words, strlen(words), 0);

        printf("%-16s%s\n", what, clean);
}

static void health_show_log(const struct health *health)
{
        for (size_t i = 0; i < health->log_count; i++) {
                const struct health_result *result = &health->log[i];
                const char *line = result->output;

                printf("\n%.19sZ  exit code %d\n", result->end, result->exit_code);
                while (*line) {
                        size_t length = strcspn(line, "\n");

                        printable_line("    %.*s", (int)length, line);
                        line += length + (line[length] == '\n');
                }
        }
}

static void health_show(const struct container_state *state, const struct health *health)
{
        const struct health_settings *settings = &health->settings;
        AUTO_FREE char *unit = health_unit_name(state);

        printable_line("%-16s%s", "Name:", state->name);
        printf("%-16s%s\n", "Status:", health_status_name(health->status));
        printf("%-16s%u of %llu\n", "Failing:", health->failing,
               (unsigned long long)settings->retries);
        health_show_test("Test:", &settings->test);
        if (settings->interval) {
                health_show_time("Interval:", settings->interval);
                printf("%-16s%s.timer, %s.service\n", "Units:", unit, unit);
        } else {
                printf("%-16s%s\n", "Interval:", "disabled");
        }
        health_show_time("Timeout:", settings->timeout);
        health_show_time("Start period:", settings->start_period);
        if (settings->startup_test.count)
                health_show_test(health->started ? "Startup (done):" : "Startup:",
                                 &settings->startup_test);
        printf("%-16s%s\n",
               "On failure:", health_action_name((enum health_action)settings->on_failure));
        health_show_log(health);
}

static int health_show_one(const char *name, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_HEALTH struct health health = { 0 };
        AUTO_FREE char *run = NULL;

        if (health_find(name, &state, &run, &health, err) < 0)
                return -1;
        health_show(&state, &health);
        return 0;
}

int cmd_health_show(const struct cmd *cmd, int argc, char **argv)
{
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, -1, &first, &status))
                return status;
        status = EXIT_SUCCESS;
        for (int i = first; i < argc; i++) {
                AUTO_ERROR struct error err = { 0 };

                if (i > first)
                        puts("");
                if (health_show_one(argv[i], &err) < 0)
                        status = log_failure(&err);
        }
        return status;
}
