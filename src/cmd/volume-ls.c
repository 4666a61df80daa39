/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit volume ls, inspect. */
#include "../base/json.h"
#include "../base/log.h"
#include "format.h"
#include "listing.h"
#include "volume-cmd.h"
#include "volume-view.h"

#include <errno.h>
#include <stddef.h>

struct ls_request {
        struct strv filters; /* owned */
        char *format;        /* owned */
        bool quiet, no_heading;
};

static void ls_free(struct ls_request *request)
{
        strv_free(&request->filters);
        free(request->format);
}

const struct option_row cmd_volume_ls_options[] = {
        LISTING_ROWS(
                struct ls_request,
                "after=, dangling=, driver=, label=, label!=, name=, opt=, scope=, since=, until=",
                "{{.Name}} {{.Driver}}", "names"),
        { .name = NULL },
};

static void ls_print_table(const struct volume_list *list, bool titles)
{
        AUTO_FREE struct strv *rows = alloc_zero(list->count + 1, sizeof *rows);
        size_t count = 0;

        if (titles) {
                strv_append(&rows[count], "DRIVER");
                strv_append(&rows[count++], "VOLUME NAME");
        }
        for (size_t i = 0; i < list->count; i++, count++) {
                strv_append(&rows[count], volume_driver_name(list->items[i].driver));
                strv_append(&rows[count], list->items[i].name);
        }
        listing_print(rows, count, 2);
        for (size_t i = 0; i < count; i++)
                strv_free(&rows[i]);
}

static struct json_object *ls_views(const struct volume_list *list)
{
        struct json_object *array = json_object_new_array();

        for (size_t i = 0; i < list->count; i++)
                json_object_array_add(array, volume_view(list, &list->items[i]));
        return array;
}

static int ls_print(const struct volume_list *list, const struct ls_request *request,
                    struct error *err)
{
        AUTO_JSON struct json_object *views = NULL;
        int printed;

        if (request->quiet) {
                for (size_t i = 0; i < list->count; i++)
                        puts(list->items[i].name);
                return 0;
        }
        views = ls_views(list);
        printed = format_print(request->format, views, TEMPLATE_LIST, err);
        if (printed == 0)
                ls_print_table(list, !request->no_heading);
        return printed < 0 ? -1 : 0;
}

static int ls_run(const struct ls_request *request, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_VOLUME_LIST struct volume_list list = { 0 };
        const char *storage;

        if (cmd_volume_storage(&settings, &storage, err) < 0 ||
            volume_list_take(storage, &request->filters, &list, err) < 0)
                return -1;
        return ls_print(&list, request, err);
}

int cmd_volume_ls(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(ls_free) struct ls_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (ls_run(&request, &err) == 0)
                return EXIT_SUCCESS;
        return log_failure(&err);
}

/* --- inspect */

struct inspect_request {
        char *format; /* owned */
        bool all;
};

static void inspect_free(struct inspect_request *request)
{
        free(request->format);
}

const struct option_row cmd_volume_inspect_options[] = {
        { .name = "all",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "all volumes",
          .take = option_take_bool,
          .field = offsetof(struct inspect_request, all) },
        { .name = "format",
          .letter = 'f',
          .argument = "FORMAT",
          .help = "json, or a template such as '{{.Mountpoint}}'",
          .take = format_take,
          .field = offsetof(struct inspect_request, format) },
        { .name = NULL },
};

static int inspect_one(const struct volume_list *list, const char *text, struct json_object *views,
                       struct error *err)
{
        AUTO_FREE char *name = NULL;

        if (volume_resolve(list->storage, text, &name, err) < 0)
                return -1;
        for (size_t i = 0; i < list->count; i++) {
                if (!str_equal(list->items[i].name, name))
                        continue;
                json_object_array_add(views, volume_view(list, &list->items[i]));
                return 0;
        }
        return error_set(err, EBADMSG, "volume '%s' cannot be read", name);
}

/* All that can be shown is shown. */
static int inspect_run(const struct inspect_request *request, char **names, int count,
                       struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_VOLUME_LIST struct volume_list list = { 0 };
        AUTO_JSON struct json_object *views = NULL;
        const struct strv none = { 0 };
        const char *storage;
        int result = 0;

        if (request->all != (count == 0))
                return error_set(err, EINVAL, "either names of volumes or --all");
        if (cmd_volume_storage(&settings, &storage, err) < 0 ||
            volume_list_take(storage, &none, &list, err) < 0)
                return -1;
        views = request->all ? ls_views(&list) : json_object_new_array();
        for (int i = 0; i < count; i++) {
                AUTO_ERROR struct error failed = { 0 };

                if (inspect_one(&list, names[i], views, &failed) < 0)
                        result = log_failure(&failed);
        }
        return format_print_objects(request->format, views, err) < 0 ? -1 : result;
}

int cmd_volume_inspect(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(inspect_free) struct inspect_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        status = inspect_run(&request, argv + first, argc - first, &err);
        if (err.message)
                log_failure(&err);
        return status ? CMD_USAGE : EXIT_SUCCESS;
}
