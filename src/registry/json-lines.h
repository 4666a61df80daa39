/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What json-c does not tell of a document: lines, and keys that stand twice in an object, of which
 * it silently takes the last. */
#pragma once

#include "../base/error.h"
#include "../base/json.h"

/*
 * Note the line of each value of root, which json_parse() made of text. EBADMSG with line and key
 * where a key stands twice in an object.
 */
int json_lines_note(const char *text, struct json_object *root, const char *name,
                    struct error *err);

/* The line a value begins on; 1 for a null, which nothing can be noted of. */
unsigned json_line(struct json_object *value);
