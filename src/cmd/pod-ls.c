/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit pod ls, exists. */
#include "../base/json.h"
#include "../base/log.h"
#include "format.h"
#include "listing.h"
#include "pod-cmd.h"
#include "pod-view.h"

#include <errno.h>
#include <stddef.h>

enum {
        LS_COLUMNS = 6,
        LS_SHORT_ID = 12,
};

struct ls_request {
        struct strv filters;
        char *format; /* owned */
        bool quiet, whole, no_heading, names;
};

const struct option_row pod_ls_options[] = {
        { .name = "ctr-names",
          .kind = OPTION_FLAG,
          .help = "the containers' names instead of their number",
          .take = option_take_bool,
          .field = offsetof(struct ls_request, names) },
        LISTING_ROWS(struct ls_request,
                     "name=, id=, label=, network=, status=, ctr-names=", "{{.Name}}", "ids"),
        { .name = "no-trunc",
          .kind = OPTION_FLAG,
          .help = "do not shorten ids",
          .take = option_take_bool,
          .field = offsetof(struct ls_request, whole) },
        { .name = NULL },
};

/* --- which of them */

static bool ls_has_name(const struct pod_view *view, const char *value)
{
        for (size_t i = 0; i < view->members.count; i++)
                if (strstr(view->members.items[i].state.name, value))
                        return true;
        return false;
}

static bool ls_has_network(const struct pod_view *view, const char *value)
{
        for (size_t i = 0; i < view->joined.network_count; i++)
                if (str_equal(view->joined.networks[i].network, value))
                        return true;
        return false;
}

/* NAME or NAME=VALUE */
static bool ls_has_label(const struct pod_view *view, const char *value)
{
        for (size_t i = 0; i < view->labels.count; i++) {
                const char *rest = str_after(view->labels.items[i], value);

                if (rest && (!*rest || (*rest == '=' && !strchr(value, '='))))
                        return true;
        }
        return false;
}

static bool ls_has_part_of_name(const struct pod_view *view, const char *value)
{
        return strstr(view->pod.name, value);
}

static bool ls_has_id(const struct pod_view *view, const char *value)
{
        return str_has_prefix(view->pod.id, value);
}

static bool ls_has_status(const struct pod_view *view, const char *value)
{
        return str_equal_nocase(pod_view_status(view), value);
}

static const struct ls_filter {
        const char *name;
        bool (*fits)(const struct pod_view *view, const char *value);
} ls_filters[] = {
        { "name", ls_has_part_of_name },
        { "id", ls_has_id },
        { "label", ls_has_label },
        { "network", ls_has_network },
        { "status", ls_has_status },
        { "ctr-names", ls_has_name },
        { .name = NULL },
};

/* NULL where there is no filter of that name. */
static const struct ls_filter *ls_find_filter(const char *filter)
{
        size_t length = strcspn(filter, "=");

        for (const struct ls_filter *row = ls_filters; filter[length] && row->name; row++)
                if (strlen(row->name) == length && strncmp(row->name, filter, length) == 0)
                        return row;
        return NULL;
}

static int ls_check_filters(const struct strv *filters, struct error *err)
{
        for (size_t i = 0; i < filters->count; i++)
                if (!ls_find_filter(filters->items[i]))
                        return error_set(err, EINVAL,
                                         "--filter %s: not name=, id=, label=, network=, status= "
                                         "or ctr-names= and a value",
                                         filters->items[i]);
        return 0;
}

static bool ls_fits(const struct pod_view *view, const struct strv *filters)
{
        for (size_t i = 0; i < filters->count; i++)
                if (!ls_find_filter(filters->items[i])
                             ->fits(view, strchr(filters->items[i], '=') + 1))
                        return false;
        return true;
}

/* --- how they are shown */

static void ls_row(const struct pod_view *view, const struct ls_request *request, struct strv *row)
{
        AUTO_FREE char *ago = listing_age(view->pod.created);
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *joined = NULL;

        for (size_t i = 0; i < view->members.count; i++)
                strv_append(&names, view->members.items[i].state.name);
        joined = strv_join(&names, ",");
        strv_append_owned(row, request->whole ? str_dup(view->pod.id)
                                              : str_dupn(view->pod.id, LS_SHORT_ID));
        strv_append(row, view->pod.name);
        strv_append(row, pod_view_status(view));
        strv_append_owned(row, steal_str(&ago));
        strv_append(row, view->pod.unit ? view->pod.unit : "");
        if (request->names)
                strv_append(row, joined);
        else
                strv_appendf(row, "%zu", view->members.count);
}

static void ls_print_table(const struct pod_views *views, const struct ls_request *request)
{
        const char *const titles[LS_COLUMNS] = {
                "POD ID",  "NAME", "STATUS",
                "CREATED", "UNIT", request->names ? "NAMES" : "# OF CONTAINERS"
        };
        AUTO_FREE struct strv *rows = alloc_zero(views->count + 1, sizeof *rows);
        size_t count = !request->no_heading;

        for (size_t i = 0; i < LS_COLUMNS && !request->no_heading; i++)
                strv_append(&rows[0], titles[i]);
        for (size_t i = 0; i < views->count; i++)
                ls_row(&views->items[i], request, &rows[count++]);
        listing_print(rows, count, LS_COLUMNS);
        for (size_t i = 0; i < count; i++)
                strv_free(&rows[i]);
}

static int ls_print(const struct pod_views *views, const struct ls_request *request,
                    struct error *err)
{
        AUTO_JSON struct json_object *array = NULL;
        int printed;

        if (request->quiet) {
                for (size_t i = 0; i < views->count; i++)
                        printf("%.*s\n", request->whole ? -1 : LS_SHORT_ID, views->items[i].pod.id);
                return 0;
        }
        array = json_object_new_array();
        for (size_t i = 0; i < views->count; i++)
                json_object_array_add(array, pod_view_to_list(&views->items[i]));
        printed = format_print(request->format, array, TEMPLATE_LIST, err);
        if (printed == 0)
                ls_print_table(views, request);
        return printed < 0 ? -1 : 0;
}

static void ls_add(struct pod_views *views, const char *name, const struct ls_request *request)
{
        struct pod_view view = { 0 };

        /* One may have gone meanwhile. */
        if (pod_view_load(name, &view, NULL) < 0)
                return;
        if (!ls_fits(&view, &request->filters)) {
                pod_view_free(&view);
                return;
        }
        views->items = alloc_grow(views->items, views->count + 1, sizeof *views->items);
        views->items[views->count++] = view;
}

static int ls_run(const struct ls_request *request, struct error *err)
{
        CLEANUP(pod_views_free) struct pod_views views = { 0 };
        AUTO_STRV struct strv names = { 0 };

        if (ls_check_filters(&request->filters, err) < 0 || pod_list(&names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++)
                ls_add(&views, names.items[i], request);
        return ls_print(&views, request, err);
}

int cmd_pod_ls(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct ls_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        status = ls_run(&request, &err) < 0 ? log_failure(&err) : EXIT_SUCCESS;
        strv_free(&request.filters);
        free(request.format);
        return status;
}

int cmd_pod_exists(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_POD struct pod pod = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        if (pod_find(argv[first], &pod, &err) == 0)
                return EXIT_SUCCESS;
        if (err.code == ENOENT)
                return EXIT_FAILURE;
        return log_failure(&err);
}
