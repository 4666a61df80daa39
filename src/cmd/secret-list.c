/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit secret ls, inspect. */
#include "../base/json.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "format.h"
#include "listing.h"
#include "secret-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

struct ls_request {
        struct strv filters;
        char *format; /* owned */
        bool quiet, no_heading;
};

const struct option_row secret_ls_options_table[] = {
        { "filter", 'f', OPTION_VALUE, "NAME=VALUE", "only those: name=, id=", option_take_list,
          offsetof(struct ls_request, filters) },
        { "format", 0, OPTION_VALUE, "FORMAT",
          "table, json, or a template such as '{{.ID}} {{.Name}}'", format_take,
          offsetof(struct ls_request, format) },
        { "noheading", 'n', OPTION_FLAG, NULL, "no line of titles", option_take_bool,
          offsetof(struct ls_request, no_heading) },
        { "quiet", 'q', OPTION_FLAG, NULL, "ids only", option_take_bool,
          offsetof(struct ls_request, quiet) },
        { .name = NULL },
};

struct inspect_request {
        char *format; /* owned */
        bool pretty, show;
};

const struct option_row secret_inspect_options_table[] = {
        { "format", 'f', OPTION_VALUE, "json", "how to print it", option_take_string,
          offsetof(struct inspect_request, format) },
        { "pretty", 0, OPTION_FLAG, NULL, "print it for people", option_take_bool,
          offsetof(struct inspect_request, pretty) },
        { "showsecret", 0, OPTION_FLAG, NULL, "the value as well", option_take_bool,
          offsetof(struct inspect_request, show) },
        { .name = NULL },
};

static void ls_request_free(struct ls_request *request)
{
        strv_free(&request->filters);
        free(request->format);
}

static void inspect_request_free(struct inspect_request *request)
{
        free(request->format);
}

/* --- ls */

static int ls_check_filters(const struct strv *filters, struct error *err)
{
        for (size_t i = 0; i < filters->count; i++)
                if (!str_after(filters->items[i], "name=") && !str_after(filters->items[i], "id="))
                        return error_set(err, EINVAL,
                                         "--filter %s: not name= or id=", filters->items[i]);
        return 0;
}

/* Several of one kind: any of them is enough. */
static bool ls_fits(const struct secret *secret, const struct strv *filters)
{
        bool name = true, id = true, by_name = false, by_id = false;

        for (size_t i = 0; i < filters->count; i++) {
                const char *part = str_after(filters->items[i], "name=");
                const char *start = str_after(filters->items[i], "id=");

                if (part) {
                        name = false;
                        by_name = by_name || strstr(secret->name, part);
                } else {
                        id = false;
                        by_id = by_id || (start && str_has_prefix(secret->id, start));
                }
        }
        return (name || by_name) && (id || by_id);
}

static struct json_object *ls_objects(const struct secret_list *list,
                                      const struct ls_request *request)
{
        struct json_object *array = json_object_new_array();

        for (size_t i = 0; i < list->count; i++) {
                const struct secret *secret = &list->items[i];
                AUTO_FREE char *created = listing_age(secret->created);
                AUTO_FREE char *updated = listing_age(secret->updated);
                struct json_object *object;

                if (!ls_fits(secret, &request->filters))
                        continue;
                object = json_object_new_object();
                json_set_string(object, "ID", secret->id);
                json_set_string(object, "Name", secret->name);
                json_set_string(object, "CreatedAt", created);
                json_set_string(object, "UpdatedAt", updated);
                json_set_string(object, "Driver", "file");
                json_object_array_add(array, object);
        }
        return array;
}

static void ls_print_table(struct json_object *objects, bool no_heading)
{
        static const struct listing_column columns[] = {
                { "ID", "ID" },
                { "NAME", "Name" },
                { "DRIVER", "Driver" },
                { "CREATED", "CreatedAt" },
                { "UPDATED", "UpdatedAt" },
        };

        listing_print_objects(objects, columns, sizeof columns / sizeof *columns, no_heading);
}

static void ls_print_ids(const struct secret_list *list, const struct ls_request *request)
{
        for (size_t i = 0; i < list->count; i++)
                if (ls_fits(&list->items[i], &request->filters))
                        puts(list->items[i].id);
}

static int ls_print(const struct secret_list *list, const struct ls_request *request,
                    struct error *err)
{
        AUTO_JSON struct json_object *objects = ls_objects(list, request);
        int printed = format_print(request->format, objects, TEMPLATE_LIST, err);

        if (printed == 0 && request->quiet)
                ls_print_ids(list, request);
        else if (printed == 0)
                ls_print_table(objects, request->no_heading);
        return printed < 0 ? -1 : 0;
}

int cmd_secret_ls(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(ls_request_free) struct ls_request request = { 0 };
        AUTO_SECRET_LIST struct secret_list list = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (ls_check_filters(&request.filters, &err) < 0 ||
            cmd_load_settings(&settings, &err) < 0 ||
            catalogue_list(secret_storage(&settings), &list, &err) < 0 ||
            ls_print(&list, &request, &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}

/* --- inspect */

static struct json_object *inspect_labels(const struct secret *secret)
{
        struct json_object *labels = json_object_new_object();

        for (size_t i = 0; i < secret->labels.count; i++) {
                const char *label = secret->labels.items[i];
                AUTO_FREE char *name = str_dupn(label, strcspn(label, "="));

                json_set_string(labels, name, strchr(label, '=') ? strchr(label, '=') + 1 : "");
        }
        return labels;
}

static int inspect_add_value(const struct secret *secret, struct json_object *object,
                             struct error *err)
{
        AUTO_SECRET struct secret_value value = { 0 };

        if (secret_read_stored(secret->name, &value, err) < 0)
                return -1;
        if (str_utf8_valid(value.data, value.length) != value.length)
                return error_set(err, EILSEQ,
                                 "secret '%s' is not text, and cannot be shown as such",
                                 secret->name);
        json_object_object_add(object, "SecretData",
                               json_object_new_string_len(value.data, (int)value.length));
        return 0;
}

static struct json_object *inspect_object(const struct secret *secret)
{
        struct json_object *object = json_object_new_object();
        struct json_object *spec, *driver;

        json_set_string(object, "ID", secret->id);
        json_set_string(object, "CreatedAt", secret->created);
        json_set_string(object, "UpdatedAt", secret->updated);
        spec = json_add_object(object, "Spec");
        json_set_string(spec, "Name", secret->name);
        driver = json_add_object(spec, "Driver");
        json_set_string(driver, "Name", "file");
        json_set_string(json_add_object(driver, "Options"), "path", secret->path);
        json_object_object_add(spec, "Labels", inspect_labels(secret));
        json_object_object_add(object, "Encrypted", json_object_new_boolean(secret->encrypted));
        return object;
}

static void inspect_print_pretty(struct json_object *object, const struct secret *secret)
{
        struct json_object *value = NULL;

        printable_line("ID:              %s", secret->id);
        printable_line("Name:            %s", secret->name);
        printf("Labels:          \n");
        for (size_t i = 0; i < secret->labels.count; i++)
                printable_line(" - %s", secret->labels.items[i]);
        printf("Driver:          file\n");
        printable_line("File:            %s%s", secret->path,
                       secret->encrypted ? " (encrypted)" : "");
        printable_line("Created at:      %s", secret->created);
        printable_line("Updated at:      %s", secret->updated);
        if (json_object_object_get_ex(object, "SecretData", &value))
                printf("Secret:          %s\n", json_object_get_string(value));
}

static int inspect_one(const char *storage, const char *text, const struct inspect_request *request,
                       struct json_object *array, struct error *err)
{
        AUTO_SECRET_ENTRY struct secret secret = { 0 };
        AUTO_JSON struct json_object *object = NULL;

        if (catalogue_find(storage, text, &secret, err) < 0)
                return -1;
        object = inspect_object(&secret);
        if (request->show && inspect_add_value(&secret, object, err) < 0)
                return -1;
        if (request->pretty)
                inspect_print_pretty(object, &secret);
        else
                json_object_array_add(array, json_object_get(object));
        return 0;
}

int cmd_secret_inspect(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(inspect_request_free) struct inspect_request request = { 0 };
        AUTO_JSON struct json_object *array = json_object_new_array();
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *text = NULL;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, -1, &first, &status))
                return status;
        if (request.format && !str_equal(request.format, "json"))
                error_set(&err, EINVAL, "--format %s: not json", request.format);
        else
                cmd_load_settings(&settings, &err);
        if (err.message)
                return log_failure(&err);
        status = EXIT_SUCCESS;
        for (int i = first; i < argc; i++) {
                AUTO_ERROR struct error failed = { 0 };

                if (inspect_one(secret_storage(&settings), argv[i], &request, array, &failed) < 0) {
                        log_failure(&failed);
                        status = CMD_USAGE;
                }
        }
        if (request.pretty)
                return status;
        text = json_shown(array);
        puts(text);
        return status;
}
