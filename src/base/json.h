/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json-c with types checked. json_object_get_string() on a number gives the number's text and on a
 * missing key NULL, which lets wrong documents through: use these getters on anything read from
 * outside. Getters return borrowed values. A missing (or null) member leaves *ret untouched and is
 * success; a member of another type is an error that names the key.
 */
#pragma once

#include "cleanup.h"
#include "error.h"
#include "str.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void json_cleanup(struct json_object **object)
{
        json_object_put(*object);
}
#define AUTO_JSON CLEANUP(json_cleanup)

/* Parse one JSON text strictly (UTF-8, no trailing data, depth at most 32). name is for messages.
 */
int json_parse(const char *text, size_t length, const char *name, struct json_object **ret,
               struct error *err);
int json_read_file(int dirfd, const char *path, size_t max, struct json_object **ret,
                   struct error *err);

/* The text of an object, compact or for people's eyes; owned by the caller. */
char *json_text(struct json_object *object, bool pretty);

/* The text of an object that is to be read again, by us or others: EILSEQ where something in it is
 * no UTF-8. Owned by the caller. */
int json_document(struct json_object *object, bool pretty, char **ret, struct error *err);

/* The same for a terminal, pretty: what it must not get (printable.h) as \uXXXX. */
char *json_shown(struct json_object *object);

int json_get_object(struct json_object *object, const char *key, struct json_object **ret,
                    struct error *err);
int json_get_array(struct json_object *object, const char *key, struct json_object **ret,
                   struct error *err);
int json_get_string(struct json_object *object, const char *key, const char **ret,
                    struct error *err);
/* Put a copy in place of *place, which is owned; where the member is missing, NULL. */
int json_copy_string(struct json_object *object, const char *key, char **place, struct error *err);
int json_get_int(struct json_object *object, const char *key, int64_t *ret, struct error *err);
int json_get_bool(struct json_object *object, const char *key, bool *ret, struct error *err);
/* Append every string of the array to list. */
int json_get_strv(struct json_object *object, const char *key, struct strv *list,
                  struct error *err);

/* Set a string member; NULL values are left out. */
void json_set_string(struct json_object *object, const char *key, const char *value);
void json_set_strv(struct json_object *object, const char *key, const struct strv *list);
/* An object: NAME=VALUE words as its members; a word without a value has an empty one. */
void json_set_pairs(struct json_object *object, const char *key, const struct strv *pairs);
/* Add a new member and return it, borrowed. */
struct json_object *json_add_object(struct json_object *object, const char *key);
struct json_object *json_add_array(struct json_object *object, const char *key);
