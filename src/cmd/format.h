/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --format of commands that list things: a table, JSON, or a template (template.h). */
#pragma once

#include "../base/option.h"
#include "template.h"

/* For rows of options, whose field is a char * (owned): a word that means none of them is refused,
 * and a template that nothing could be put in. The second one knows no templates, the third no
 * table. */
option_function format_take, format_take_plain, format_take_objects;

bool format_is_json(const char *format_or_null);

/* Print a list as it is asked for. 1: done, 0: it is a table that is wanted. */
int format_print(const char *format_or_null, struct json_object *list, enum template_style style,
                 struct error *err);

/* The same where there is no table: without a format it is JSON. */
int format_print_objects(const char *format_or_null, struct json_object *list, struct error *err);
