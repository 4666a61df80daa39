/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json-lines.h"

#include <errno.h>
#include <stdint.h>

/* A walk over the text beside one over the tree: json-c keeps the order of an object's keys. The
 * text is known to be JSON. */
struct json_walk {
        const char *at;   /* borrowed */
        const char *name; /* borrowed */
        unsigned line;
        struct error *err; /* borrowed */
};

unsigned json_line(struct json_object *value)
{
        uintptr_t line = value ? (uintptr_t)json_object_get_userdata(value) : 1;

        return (unsigned)line;
}

static void walk_blanks(struct json_walk *walk)
{
        for (; *walk->at && strchr(" \t\r\n", *walk->at); walk->at++)
                if (*walk->at == '\n')
                        walk->line++;
}

/* Over a string; returns its length, quotes and all. */
static size_t walk_string(struct json_walk *walk)
{
        const char *start = walk->at++;

        while (*walk->at && *walk->at != '"')
                walk->at += *walk->at == '\\' && walk->at[1] ? 2 : 1;
        if (*walk->at)
                walk->at++;
        return (size_t)(walk->at - start);
}

static int walk_lost(const struct json_walk *walk)
{
        return error_set(walk->err, EBADMSG,
                         "%s:%u: not valid JSON, or a key stands twice in an object", walk->name,
                         walk->line);
}

static int walk_value(struct json_walk *walk, struct json_object *value);

/* A comma or the closing bracket: 1 for the first, 0 for the second. */
static int walk_separator(struct json_walk *walk, char close)
{
        char c;

        walk_blanks(walk);
        c = *walk->at;
        if (c != ',' && c != close)
                return walk_lost(walk);
        walk->at++;
        return c == ',';
}

static int walk_array(struct json_walk *walk, struct json_object *array)
{
        int more = 1;

        walk->at++;
        walk_blanks(walk);
        if (*walk->at == ']') {
                walk->at++;
                return 0;
        }
        for (size_t i = 0; more > 0; i++) {
                if (i >= json_object_array_length(array))
                        return walk_lost(walk);
                if (walk_value(walk, json_object_array_get_idx(array, i)) < 0)
                        return -1;
                more = walk_separator(walk, ']');
        }
        return more;
}

/* Of two equal keys json-c keeps one, in the place of the first: at the second, the tree has
 * another key or none. A key with escapes may equal one without, and would take a parser to
 * compare. */
static int walk_member(struct json_walk *walk, struct json_object_iterator *place,
                       const struct json_object_iterator *end)
{
        const char *key = walk->at;
        unsigned line = walk->line;
        size_t length;

        if (*key != '"')
                return walk_lost(walk);
        length = walk_string(walk);
        if (memchr(key, '\\', length))
                return error_set(walk->err, EBADMSG, "%s:%u: a key with a backslash is not allowed",
                                 walk->name, line);
        if (json_object_iter_equal(place, end) ||
            strlen(json_object_iter_peek_name(place)) != length - 2 ||
            memcmp(json_object_iter_peek_name(place), key + 1, length - 2) != 0)
                return error_set(walk->err, EBADMSG, "%s:%u: %.*s stands twice in the same object",
                                 walk->name, line, length > 80 ? 80 : (int)length, key);
        walk_blanks(walk);
        if (*walk->at++ != ':')
                return walk_lost(walk);
        if (walk_value(walk, json_object_iter_peek_value(place)) < 0)
                return -1;
        json_object_iter_next(place);
        return 0;
}

static int walk_object(struct json_walk *walk, struct json_object *object)
{
        struct json_object_iterator place = json_object_iter_begin(object),
                                    end = json_object_iter_end(object);
        int more = 1;

        walk->at++;
        walk_blanks(walk);
        if (*walk->at == '}') {
                walk->at++;
                return 0;
        }
        while (more > 0) {
                walk_blanks(walk);
                if (walk_member(walk, &place, &end) < 0)
                        return -1;
                more = walk_separator(walk, '}');
        }
        return more;
}

static int walk_value(struct json_walk *walk, struct json_object *value)
{
        walk_blanks(walk);
        if (value)
                json_object_set_serializer(value, NULL, (void *)(uintptr_t)walk->line, NULL);
        if (*walk->at == '{')
                return json_object_is_type(value, json_type_object) ? walk_object(walk, value)
                                                                    : walk_lost(walk);
        if (*walk->at == '[')
                return json_object_is_type(value, json_type_array) ? walk_array(walk, value)
                                                                   : walk_lost(walk);
        if (*walk->at == '"')
                walk_string(walk);
        else
                walk->at += strcspn(walk->at, ",]} \t\r\n");
        return 0;
}

int json_lines_note(const char *text, struct json_object *root, const char *name, struct error *err)
{
        struct json_walk walk = { .at = text, .name = name, .line = 1, .err = err };

        return walk_value(&walk, root);
}
