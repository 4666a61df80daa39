/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit ps. */
#include "../base/json.h"
#include "../base/log.h"
#include "../image/store.h"
#include "commands.h"
#include "format.h"
#include "listing.h"
#include "ps-sort.h"
#include "ps-view.h"
#include "run-values.h"

#include <stddef.h>
#include <stdlib.h>

enum {
        PS_SHORT_ID = 12,
        PS_COMMAND = 30, /* characters of the command that are shown */
};

struct ps_request {
        bool all, quiet, whole, no_heading, pods, latest, sizes;
        unsigned last;       /* only so many, the newest; 0: no limit */
        char *sort;          /* owned */
        char *format;        /* owned */
        struct strv filters; /* owned */
};

const struct option_row ps_options_table[] = {
        { .name = "all",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "also containers that have ended and left something",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, all) },
        { .name = "filter",
          .letter = 'f',
          .argument = "KEY=VALUE",
          .help = "only those with this ancestor, health, id, label, label!, name, network, "
                  "status, unit",
          .take = option_take_list,
          .field = offsetof(struct ps_request, filters) },
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
        { .name = "noheading",
          .kind = OPTION_FLAG,
          .help = "without the line of titles",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, no_heading) },
        { .name = "pod",
          .letter = 'p',
          .kind = OPTION_FLAG,
          .help = "also the pods that they belong to",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, pods) },
        { .name = "last",
          .letter = 'n',
          .argument = "N",
          .help = "the N made last, also those that have ended",
          .take = run_take_unsigned,
          .field = offsetof(struct ps_request, last) },
        { .name = "latest",
          .letter = 'l',
          .kind = OPTION_FLAG,
          .help = "the one made last, also if it has ended",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, latest) },
        { .name = "size",
          .letter = 's',
          .kind = OPTION_FLAG,
          .help = "also what they wrote",
          .take = option_take_bool,
          .field = offsetof(struct ps_request, sizes) },
        { .name = "sort",
          .argument = "BY",
          .help = "command, created, id, image, names, runningfor, size or status (created)",
          .take = option_take_string,
          .field = offsetof(struct ps_request, sort) },
        { .name = "format",
          .argument = "FORMAT",
          .help = "table, json, or a template such as '{{.Names}} {{.Status}}'",
          .take = format_take,
          .field = offsetof(struct ps_request, format) },
        { .name = NULL },
};

/* The table, from the members of a view. */
static const struct ps_column {
        const char *title, *member;
        size_t length; /* shortened to so many bytes; 0: as it is */
        const char *separator;
        enum {
                PS_ALWAYS,
                PS_WITH_SIZES,
                PS_WITH_PODS
        } when;
} ps_columns[] = {
        { "CONTAINER ID", "Id", PS_SHORT_ID, "" },
        { "IMAGE", "Image", 0, "" },
        { "COMMAND", "Command", PS_COMMAND, " " },
        { "CREATED", "RunningFor", 0, "" },
        { "STATUS", "Status", 0, "" },
        { "UNIT", "Unit", 0, "" },
        { "STATE", "UnitState", 0, "" },
        { "ADDRESSES", "Addresses", 0, "," },
        { "PORTS", "Ports", 0, ", " },
        { "NAMES", "Names", 0, "," },
        { "SIZE", "Size", 0, "", PS_WITH_SIZES },
        { "POD ID", "Pod", PS_SHORT_ID, "", PS_WITH_PODS },
        { "PODNAME", "PodName", 0, "", PS_WITH_PODS },
};

enum {
        PS_COLUMNS = sizeof ps_columns / sizeof *ps_columns
};

static char *ps_shortened(const char *text, size_t length)
{
        size_t end = strlen(text);

        if (!length || end <= length)
                return str_dup(text);
        end = length;
        while (end && (text[end] & 0xc0) == 0x80) /* not within a character */
                end--;
        return str_dupn(text, end);
}

static char *ps_cell(struct json_object *view, const struct ps_column *column, bool whole)
{
        struct json_object *member = NULL;
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *text = NULL;

        json_object_object_get_ex(view, column->member, &member);
        if (column->when == PS_WITH_SIZES) {
                json_object_object_get_ex(member, "rwSize", &member);
                return listing_size((uint64_t)json_object_get_int64(member));
        }
        if (json_object_is_type(member, json_type_array))
                json_get_strv(view, column->member, &words, NULL);
        else
                strv_append(&words, json_object_get_string(member));
        text = strv_join(&words, column->separator);
        return ps_shortened(text, whole ? 0 : column->length);
}

static bool ps_is_shown(const struct ps_column *column, const struct ps_request *request)
{
        return column->when == PS_ALWAYS ||
               (column->when == PS_WITH_SIZES ? request->sizes : request->pods);
}

static void ps_print_table(struct json_object *list, const struct ps_request *request)
{
        size_t count = json_object_array_length(list), titles = request->no_heading ? 0 : 1;
        size_t columns = 0;
        AUTO_FREE struct strv *rows = alloc_zero(count + 1, sizeof *rows);

        for (const struct ps_column *column = ps_columns; column < ps_columns + PS_COLUMNS;
             column++) {
                if (!ps_is_shown(column, request))
                        continue;
                columns++;
                if (titles)
                        strv_append(&rows[0], column->title);
                for (size_t i = 0; i < count; i++)
                        strv_append_owned(&rows[i + titles],
                                          ps_cell(json_object_array_get_idx(list, i), column,
                                                  request->whole));
        }
        listing_print(rows, count + titles, columns);
        for (size_t i = 0; i <= count; i++)
                strv_free(&rows[i]);
}

static int ps_print(struct json_object *list, const struct ps_request *request, struct error *err)
{
        int printed;

        if (request->quiet) {
                for (size_t i = 0; i < json_object_array_length(list); i++) {
                        const char *id = "";

                        json_get_string(json_object_array_get_idx(list, i), "Id", &id, NULL);
                        printf("%.*s\n", request->whole ? -1 : PS_SHORT_ID, id);
                }
                return 0;
        }
        printed = format_print(request->format, list, TEMPLATE_LIST, err);
        if (printed == 0)
                ps_print_table(list, request);
        return printed < 0 ? -1 : 0;
}

/* What systemd says of their units; where it cannot be asked, nothing. */
static void ps_ask_units(const struct census *census, struct manager_units *ret)
{
        AUTO_MANAGER struct manager *manager = NULL;
        AUTO_STRV struct strv names = { 0 };

        for (size_t i = 0; i < census->count; i++)
                if (census->items[i].state.unit)
                        strv_append(&names, census->items[i].state.unit);
        if (names.count && manager_open(&manager, NULL) == 0)
                manager_list_units(manager, &names, ret, NULL);
}

/* The newest ones, where only some are wanted, and then all in the order that is. */
static int ps_order(struct json_object *list, const struct ps_request *request, struct error *err)
{
        size_t count = json_object_array_length(list);

        if (ps_sort(list, "created", err) < 0)
                return -1;
        if (request->last && request->last < count)
                json_object_array_del_idx(list, request->last, count - request->last);
        return request->sort ? ps_sort(list, request->sort, err) : 0;
}

static int ps_list(const struct ps_request *request, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_CENSUS struct census census = { 0 };
        AUTO_MANAGER_UNITS struct manager_units units = { 0 };
        AUTO_JSON struct json_object *list = json_object_new_array();
        const char *storage;

        if (filter_check(ps_filters, &request->filters, err) < 0 ||
            cmd_load_settings(&settings, err) < 0)
                return -1;
        storage = store_root_of(settings.storage);
        if (census_take(request->all ? storage : NULL, log_warning_line, &census, err) < 0)
                return -1;
        if (!request->quiet)
                ps_ask_units(&census, &units);
        for (size_t i = 0; i < census.count; i++) {
                struct json_object *view = ps_view(&census.items[i], &units);
                int passes = ps_filter(view, &request->filters, err);

                if (request->sizes)
                        ps_view_add_size(view, &census.items[i]);
                if (passes > 0)
                        json_object_array_add(list, view);
                else
                        json_object_put(view);
                if (passes < 0)
                        return -1;
        }
        if (ps_order(list, request, err) < 0)
                return -1;
        return ps_print(list, request, err);
}

static void ps_free(struct ps_request *request)
{
        free(request->sort);
        free(request->format);
        strv_free(&request->filters);
}

int cmd_ps(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(ps_free) struct ps_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (request.latest)
                request.last = 1;
        request.all = request.all || request.last;
        return ps_list(&request, &err) < 0 ? log_failure(&err) : EXIT_SUCCESS;
}
