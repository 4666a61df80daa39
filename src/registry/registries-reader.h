/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed members of a registries.conf, and what is not known in it. Failures are "FILE:LINE: …", set
 * in the reader's err. Used by registries-file.c alone. */
#pragma once

#include "../base/json.h"
#include "registries.h"

/* A file under way. */
struct registries_reader {
        struct registries *registries; /* borrowed */
        const char *path;              /* borrowed */
        struct error *err;             /* borrowed */
};

int reader_fail_at(struct registries_reader *reader, struct json_object *value, const char *format,
                   ...) PRINTF_LIKE(3, 4);

/* Where it was written: "FILE:LINE", owned by the caller. */
char *reader_source_of(const struct registries_reader *reader, struct json_object *value);

/* Members of a table; *ret stays as it is where there is none. What is given is borrowed. */
int reader_get_member(struct registries_reader *reader, struct json_object *table, const char *key,
                      json_type type, const char *what, struct json_object **ret);
int reader_get_string(struct registries_reader *reader, struct json_object *table, const char *key,
                      const char **ret);
int reader_get_bool(struct registries_reader *reader, struct json_object *table, const char *key,
                    bool *ret);
/* *ret, the array, becomes NULL where there is none. */
int reader_get_strings(struct registries_reader *reader, struct json_object *table, const char *key,
                       struct strv *list, struct json_object **ret);

/* A list with NULL at its end. */
bool reader_is_among(const char *const *list, const char *word);

/* Keys that this version does not know may be of a newer format. */
void reader_warn_unknown(struct registries_reader *reader, struct json_object *table,
                         const char *const *known);
