/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TOML 1.0 (toml.io) into a tree of json-c objects: tables are objects, arrays of tables arrays of
 * objects, all four kinds of strings, integers, floats and booleans what they are called. Dates and
 * times become strings as they stand. The reader is strict: what the specification calls invalid is
 * an error "NAME:LINE: reason". Strings with a NUL are refused.
 *
 * Limits: TOML_MAX_DEPTH levels of tables and arrays; the caller bounds the size of the text.
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"

enum {
        TOML_MAX_DEPTH = 32
};

/* text is NUL-terminated behind its length. name is for messages. */
int toml_parse(const char *text, size_t length, const char *name, struct json_object **ret,
               struct error *err);

/* The line on which a value of such a tree was written. */
unsigned toml_line(struct json_object *object);
