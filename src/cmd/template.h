/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --format of the views, as scripts use it: text with {{.Member}}, {{.State.Status}}, {{.}} and
 * {{json .Member}} in it, and the escapes \t and \n. That is all of Go's templates there is here:
 * whatever else stands between the braces is refused, with what to do instead.
 *
 * Members are found by their name, whatever its case. "table " in front makes aligned columns of
 * what tabs part, below a line of titles.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <json-c/json.h>

enum template_style {
        TEMPLATE_GO,   /* lists and maps as Go prints them: [a b], map[a:1 b:2] */
        TEMPLATE_LIST, /* as podman's lists do: a,b and a=1,b=2 */
};

/* Is it one, or a word such as "json"? */
bool template_is_template(const char *format);

/* Is it one that can be filled, whatever there is to put in? */
int template_check(const char *format, struct error *err);

/* Put the object's members in; owned by the caller. ENOENT: there is no such member. */
int template_fill(const char *format, struct json_object *object, enum template_style style,
                  char **ret, struct error *err);

/* Print a list, one object a line, with aligned columns and titles where the format begins with
 * "table ". */
int template_print(const char *format, struct json_object *list, enum template_style style,
                   struct error *err);
