/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit quadlet list, crunit quadlet print */
#include "../base/io.h"
#include "../base/json.h"
#include "../base/log.h"
#include "listing.h"
#include "quadlet.h"
#include "unit-cmd.h"

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct quadlet_options, name)

const struct option_row cmd_quadlet_list_options[] = {
        { "filter", 'f', OPTION_VALUE, "KEY=VALUE", "Only files that match (name, unit, status)",
          option_take_list, FIELD(filters) },
        { "format", 0, OPTION_VALUE, "FORMAT", "table or json", option_take_string, FIELD(format) },
        { "noheading", 'n', OPTION_FLAG, NULL, "Print no line above the table", option_take_bool,
          FIELD(no_heading) },
        { "user", 0, OPTION_FLAG, NULL, "The files of a user's own systemd", option_take_bool,
          FIELD(is_user) },
        { .name = NULL },
};

const struct option_row cmd_quadlet_print_options[] = {
        { "user", 0, OPTION_FLAG, NULL, "The files of a user's own systemd", option_take_bool,
          FIELD(is_user) },
        { .name = NULL },
};

/* What is known of a file, in the order of the table's columns. */
enum column {
        COLUMN_NAME,
        COLUMN_UNIT,
        COLUMN_PATH,
        COLUMN_STATUS,
        COLUMN_APPLICATION,
        COLUMNS
};

static const struct {
        const char *heading, *member, *filter;
} columns[COLUMNS] = {
        [COLUMN_NAME] = { "NAME", "Name", "name" },
        [COLUMN_UNIT] = { "UNIT NAME", "UnitName", "unit" },
        [COLUMN_PATH] = { "PATH ON DISK", "Path", NULL },
        [COLUMN_STATUS] = { "STATUS", "Status", "status" },
        [COLUMN_APPLICATION] = { "APPLICATION", "App", NULL },
};

/* KEY=VALUE, where VALUE may have wildcards: the column, and the value; COLUMNS where it is none.
 */
static size_t list_parse_filter(const char *filter, const char **ret_value)
{
        for (size_t i = 0; i < COLUMNS; i++) {
                const char *value = columns[i].filter ? str_after(filter, columns[i].filter) : NULL;

                if (value && *value == '=') {
                        *ret_value = value + 1;
                        return i;
                }
        }
        return COLUMNS;
}

static int list_check_filters(const struct strv *filters, struct error *err)
{
        const char *value;

        for (size_t i = 0; i < filters->count; i++)
                if (list_parse_filter(filters->items[i], &value) == COLUMNS)
                        return error_set(err, EINVAL, "--filter %s: not name=, unit= or status=",
                                         filters->items[i]);
        return 0;
}

static bool list_filter(const struct strv *row, const struct strv *filters)
{
        for (size_t i = 0; i < filters->count; i++) {
                const char *value = NULL;
                size_t column = list_parse_filter(filters->items[i], &value);

                if (fnmatch(value, row->items[column], 0) != 0)
                        return false;
        }
        return true;
}

static void list_json(const struct strv *rows, size_t count)
{
        AUTO_JSON struct json_object *list = json_object_new_array();
        AUTO_FREE char *text = NULL;

        for (size_t i = 0; i < count; i++) {
                struct json_object *object = json_object_new_object();

                for (size_t k = 0; k < COLUMNS; k++)
                        json_set_string(object, columns[k].member, rows[i].items[k]);
                json_object_array_add(list, object);
        }
        text = json_shown(list);
        puts(text);
}

static void list_rows_free(struct strv *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                strv_free(&rows[i]);
        free(rows);
}

static void list_row(const struct quadlet_files *files, size_t index, const char *state,
                     struct strv *ret)
{
        const struct unit_source *source = &files->set.sources[index];
        AUTO_FREE char *application = quadlet_application(files, source);

        strv_append(ret, source->name);
        strv_append(ret, source->service ? source->service : "");
        strv_append(ret, source->path);
        strv_append(ret, state);
        strv_append(ret, application ? application : "");
}

static int list_files(const struct quadlet_options *options, struct error *err)
{
        AUTO_QUADLET_FILES struct quadlet_files files = { 0 };
        AUTO_STRV struct strv states = { 0 };
        bool json = str_equal(options->format, "json");
        size_t count = 0;
        struct strv *rows;

        if (list_check_filters(&options->filters, err) < 0)
                return -1;
        quadlet_load(&files, options->is_user);
        quadlet_states(&files, options->is_user, &states);
        rows = alloc_zero(files.set.count + 1, sizeof *rows);
        if (!options->no_heading && !json) {
                for (size_t i = 0; i < COLUMNS; i++)
                        strv_append(&rows[0], columns[i].heading);
                count = 1;
        }
        for (size_t i = 0; i < files.set.count; i++) {
                list_row(&files, i, states.items[i], &rows[count]);
                if (list_filter(&rows[count], &options->filters))
                        count++;
                else
                        strv_free(&rows[count]);
        }
        if (json)
                list_json(rows, count);
        else
                listing_print(rows, count, COLUMNS);
        list_rows_free(rows, count);
        return 0;
}

int cmd_quadlet_list(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_QUADLET_OPTIONS struct quadlet_options options = { .is_user = getuid() != 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &options, 0, 0, &first, &status))
                return status;
        if (options.format && !str_equal(options.format, "json") &&
            !str_equal(options.format, "table")) {
                log_error("--format %s: not table or json", options.format);
                return CMD_USAGE;
        }
        if (list_files(&options, &err) == 0)
                return EXIT_SUCCESS;
        return log_failure(&err);
}

static int print_file(const struct quadlet_files *files, const char *name, struct error *err)
{
        const struct unit_source *source = unit_set_find(&files->set, name);
        AUTO_FREE char *text = NULL;
        size_t length;

        if (!source)
                return error_set(err, ENOENT, "there is no container file '%s'", name);
        if (io_read_file(AT_FDCWD, source->path, UNIT_FILE_MAX, &text, &length, err) < 0)
                return -1;
        if (fwrite(text, 1, length, stdout) != length)
                return error_errno(err, errno, "cannot write");
        return 0;
}

int cmd_quadlet_print(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_QUADLET_OPTIONS struct quadlet_options options = { .is_user = getuid() != 0 };
        AUTO_QUADLET_FILES struct quadlet_files files = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &options, 1, -1, &first, &status))
                return status;
        quadlet_load(&files, options.is_user);
        status = EXIT_SUCCESS;
        for (int i = first; i < argc; i++) {
                if (print_file(&files, argv[i], &err) == 0)
                        continue;
                status = log_failure(&err);
        }
        return status;
}
