/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "format.h"

#include "../base/json.h"

#include <errno.h>
#include <stdio.h>

bool format_is_json(const char *format_or_null)
{
        return str_equal(format_or_null, "json");
}

int format_take_plain(void *context, const struct option_row *row, const char *value,
                      struct error *err)
{
        if (!format_is_json(value) && !str_equal(value, "table"))
                return error_set(err, EINVAL, "--%s %s: only table and json are known", row->name,
                                 value);
        return option_take_string(context, row, value, err);
}

static int format_take_template(void *context, const struct option_row *row, const char *value,
                                const char *known, struct error *err)
{
        if (!template_is_template(value))
                return error_set(err, EINVAL, "--%s %s: only %s known, and templates", row->name,
                                 value, known);
        if (template_check(value, err) < 0)
                return -1;
        return option_take_string(context, row, value, err);
}

int format_take(void *context, const struct option_row *row, const char *value, struct error *err)
{
        if (format_is_json(value) || str_equal(value, "table"))
                return option_take_string(context, row, value, err);
        return format_take_template(context, row, value, "table and json are", err);
}

int format_take_objects(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        if (format_is_json(value))
                return option_take_string(context, row, value, err);
        return format_take_template(context, row, value, "json is", err);
}

static void format_print_json(struct json_object *list)
{
        AUTO_FREE char *text = json_shown(list);

        puts(text);
}

int format_print(const char *format_or_null, struct json_object *list, enum template_style style,
                 struct error *err)
{
        if (!format_or_null || str_equal(format_or_null, "table"))
                return 0;
        if (!format_is_json(format_or_null))
                return template_print(format_or_null, list, style, err) < 0 ? -1 : 1;
        format_print_json(list);
        return 1;
}

int format_print_objects(const char *format_or_null, struct json_object *list, struct error *err)
{
        int printed = format_print(format_or_null, list, TEMPLATE_GO, err);

        if (printed == 0)
                format_print_json(list);
        return printed < 0 ? -1 : 0;
}
