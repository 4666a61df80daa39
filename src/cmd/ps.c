/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit ps. */
#include "../base/json.h"
#include "../base/log.h"
#include "../container/place.h"
#include "../container/state.h"
#include "../image/store.h"
#include "commands.h"
#include "listing.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

enum {
        PS_COLUMNS = 7,
        PS_SHORT_ID = 12,
        PS_COMMAND = 30, /* characters of the command that are shown */
};

struct ps_request {
        bool all, quiet, whole;
        char *format; /* owned */
};

const struct option_row ps_options_table[] = {
        { .name = "all",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "also containers that have ended and left something",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, all) },
        { .name = "quiet",
          .letter = 'q',
          .kind = OPTION_FLAG,
          .help = "ids only",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, quiet) },
        { .name = "no-trunc",
          .kind = OPTION_FLAG,
          .help = "do not shorten anything",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, whole) },
        { .name = "format",
          .argument = "FORMAT",
          .help = "table, or json",
          .take = option_take_string,
          .field = offsetof(struct ps_request, format) },
        { .name = NULL },
};

static char *ps_shortened(const char *text, size_t length, bool whole)
{
        size_t end = strlen(text);

        if (whole || end <= length)
                return str_dup(text);
        end = length;
        while (end && (text[end] & 0xc0) == 0x80) /* not within a character */
                end--;
        return str_dupn(text, end);
}

static const char *ps_state(const struct container_state *state)
{
        if (!state_alive(state))
                return "exited";
        return state->init.pid ? "running" : "created";
}

static void ps_row(const struct container_state *state, const struct ps_request *request,
                   struct strv *row)
{
        AUTO_FREE char *command = strv_join(&state->command, " ");
        AUTO_FREE char *ago = listing_duration(time(NULL) - listing_time(state->created));
        AUTO_FREE char *ports = strv_join(&state->ports, ", ");
        const char *image = state->image_name ? state->image_name : state->rootfs;
        bool running = state->init.pid && state_alive(state);

        strv_append_owned(row, ps_shortened(state->id, PS_SHORT_ID, request->whole));
        strv_append(row, image ? image : "");
        strv_append_owned(row, ps_shortened(command, PS_COMMAND, request->whole));
        strv_appendf(row, "%s ago", ago);
        if (running)
                strv_appendf(row, "Up %s", ago);
        else
                strv_append(row, state_alive(state) ? "Starting" : "Exited");
        strv_append(row, ports);
        strv_append(row, state->name);
}

static struct json_object *ps_labels(const struct container_state *state)
{
        struct json_object *labels = json_object_new_object();

        for (size_t i = 0; i < state->labels.count; i++) {
                const char *label = state->labels.items[i];
                AUTO_FREE char *key = str_dupn(label, strcspn(label, "="));

                json_set_string(labels, key, strchr(label, '=') ? strchr(label, '=') + 1 : "");
        }
        return labels;
}

static struct json_object *ps_json(const struct container_state *state)
{
        struct json_object *object = json_object_new_object();
        struct json_object *names;
        bool running = state->init.pid && state_alive(state);

        json_set_string(object, "Id", state->id);
        names = json_add_array(object, "Names");
        json_object_array_add(names, json_object_new_string(state->name));
        json_set_string(object, "Image", state->image_name ? state->image_name : state->rootfs);
        json_set_string(object, "ImageID", state->image);
        json_set_strv(object, "Command", &state->command);
        json_object_object_add(object, "Created",
                               json_object_new_int64(listing_time(state->created)));
        json_set_string(object, "CreatedAt", state->created);
        json_set_string(object, "State", ps_state(state));
        json_object_object_add(object, "Pid", json_object_new_int64(running ? state->init.pid : 0));
        json_object_object_add(object, "Labels", ps_labels(state));
        json_set_strv(object, "Networks", &state->networks);
        json_set_strv(object, "Ports", &state->ports);
        json_set_string(object, "Unit", state->unit);
        return object;
}

static void ps_print_table(const struct container_state *states, size_t count,
                           const struct ps_request *request)
{
        static const char *const titles[PS_COLUMNS] = { "CONTAINER ID", "IMAGE",  "COMMAND",
                                                        "CREATED",      "STATUS", "PORTS",
                                                        "NAMES" };
        AUTO_FREE struct strv *rows = alloc_zero(count + 1, sizeof *rows);

        for (size_t i = 0; i < PS_COLUMNS; i++)
                strv_append(&rows[0], titles[i]);
        for (size_t i = 0; i < count; i++)
                ps_row(&states[i], request, &rows[i + 1]);
        listing_print(rows, count + 1, PS_COLUMNS);
        for (size_t i = 0; i <= count; i++)
                strv_free(&rows[i]);
}

static void ps_print(const struct container_state *states, size_t count,
                     const struct ps_request *request)
{
        if (request->quiet) {
                for (size_t i = 0; i < count; i++)
                        printf("%.*s\n", request->whole ? -1 : PS_SHORT_ID, states[i].id);
        } else if (str_equal(request->format, "json")) {
                AUTO_JSON struct json_object *list = json_object_new_array();
                AUTO_FREE char *text = NULL;

                for (size_t i = 0; i < count; i++)
                        json_object_array_add(list, ps_json(&states[i]));
                text = json_text(list, true);
                puts(text);
        } else {
                ps_print_table(states, count, request);
        }
}

struct ps_list {
        struct container_state *states; /* owned */
        size_t count;
};

static void ps_list_free(struct ps_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                state_free(&list->states[i]);
        free(list->states);
}

/* Append what a directory says, if it is wanted. */
static void ps_add(struct ps_list *list, const char *directory, bool kept, bool all)
{
        AUTO_ERROR struct error unreadable = { 0 };
        struct container_state state = { 0 };

        if (state_read(directory, &state, &unreadable) < 0) {
                if (unreadable.code != ENOENT)
                        log_warning("%s", unreadable.message);
                return;
        }
        /* Ended, perhaps before a reboot: its process ids are others' by now. */
        if (kept)
                state.init.pid = state.starter.pid = 0;
        if (!all && !state_alive(&state)) {
                state_free(&state);
                return;
        }
        list->states = alloc_grow(list->states, list->count + 1, sizeof *list->states);
        list->states[list->count++] = state;
}

/* Containers whose writable layers are kept, and that do not run now. */
static int ps_add_kept(struct ps_list *list, const struct strv *running, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STRV struct strv labels = { 0 };
        const char *storage;

        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        storage = store_root(getenv("CRUNIT_STORAGE") ? NULL : settings.storage);
        if (place_list_data(storage, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *data = str_format("%s/containers/%s", storage, labels.items[i]);

                if (!strv_contains(running, labels.items[i]))
                        ps_add(list, data, true, true);
        }
        return 0;
}

static int ps_list(const struct ps_request *request, struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };
        CLEANUP(ps_list_free) struct ps_list list = { 0 };

        if (place_list(NULL, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *run =
                        str_format("%s/containers/%s", place_runtime(), labels.items[i]);

                ps_add(&list, run, false, request->all);
        }
        if (request->all && ps_add_kept(&list, &labels, err) < 0)
                return -1;
        ps_print(list.states, list.count, request);
        return 0;
}

int cmd_ps(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct ps_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        status = EXIT_SUCCESS;
        if (request.format && !str_equal(request.format, "json") &&
            !str_equal(request.format, "table")) {
                log_error("ps: --format %s: only table and json are known", request.format);
                status = CMD_USAGE;
        } else if (ps_list(&request, &err) < 0) {
                status = log_failure(&err);
        }
        free(request.format);
        return status;
}
