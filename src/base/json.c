/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include "io.h"
#include "printable.h"

#include <errno.h>
#include <limits.h>

enum {
        JSON_EXCERPT = 40,          /* bytes that a message quotes */
        JSON_MAX_WEIGHT = 72 << 20, /* bytes of memory that a document's values may take, about */
        JSON_OBJECT = 720,          /* of which an object takes so many, */
        JSON_ARRAY = 360,           /* an array, */
        JSON_VALUE = 72             /* and any other value */
};

static void json_tokener_cleanup(struct json_tokener **tokener)
{
        if (*tokener)
                json_tokener_free(*tokener);
}

/*
 * The same document with nothing but ASCII in it: json-c 0.18 takes all else for an error when it
 * is strict. Behind a backslash that escapes it, a character stays: that is an error in any
 * version.
 */
static void json_to_ascii(const char *text, size_t length, struct strbuf *ret)
{
        const char *end = text + length;
        bool escaped = false;

        while (text < end) {
                uint32_t code;
                size_t step;

                printable_next(text, &step, &code);
                if (code < 0x80 || escaped)
                        strbuf_append_n(ret, text, step);
                else
                        printable_escape(ret, code);
                escaped = code == '\\' && !escaped;
                text += step;
        }
}

static bool json_is_ascii(const char *text, size_t length)
{
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)text[i] >= 0x80)
                        return false;
        return true;
}

/* One document, and nothing behind it. text ends with a NUL, which is passed as well: it ends a
 * number at the end. */
static int json_parse_ascii(const char *text, size_t length, const char *name,
                            struct json_object **ret, struct error *err)
{
        CLEANUP(json_tokener_cleanup) struct json_tokener *tokener = json_tokener_new();
        AUTO_JSON struct json_object *object = NULL;
        enum json_tokener_error problem;

        if (!tokener)
                return error_set(err, ENOMEM, "%s: out of memory", name);
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        object = json_tokener_parse_ex(tokener, text, (int)length + 1);
        problem = json_tokener_get_error(tokener);
        if (problem != json_tokener_success)
                return error_set(err, EBADMSG, "%s: not valid JSON at byte %zu: %s", name,
                                 json_tokener_get_parse_end(tokener),
                                 json_tokener_error_desc(problem));
        if (json_tokener_get_parse_end(tokener) < length)
                return error_set(err, EBADMSG,
                                 "%s: not valid JSON at byte %zu: text behind its end", name,
                                 json_tokener_get_parse_end(tokener));
        *ret = steal_ptr(&object);
        return 0;
}

/* json-c takes hundreds of bytes for an object that is written with two: what a document is going
 * to take, by its commas and braces, is known before. */
static size_t json_weigh(const char *text, size_t length)
{
        size_t weight = 0;
        char quote = '\0'; /* names may have single ones, whatever the standard says */

        for (size_t i = 0; i < length; i++) {
                if (quote && text[i] == '\\')
                        i++;
                else if (quote)
                        quote = text[i] == quote ? '\0' : quote;
                else if (text[i] == '"' || text[i] == '\'')
                        quote = text[i];
                else
                        weight += text[i] == '{'   ? JSON_OBJECT
                                  : text[i] == '[' ? JSON_ARRAY
                                  : text[i] == ',' ? JSON_VALUE
                                                   : 0;
        }
        return weight;
}

int json_parse(const char *text, size_t length, const char *name, struct json_object **ret,
               struct error *err)
{
        AUTO_STRBUF struct strbuf ascii = { 0 };
        size_t valid = str_utf8_valid(text, length);

        if (valid != length)
                return error_set(err, EBADMSG, "%s: not valid JSON at byte %zu: invalid UTF-8",
                                 name, valid);
        if (!json_is_ascii(text, length)) {
                json_to_ascii(text, length, &ascii);
                text = ascii.data;
                length = ascii.length;
        }
        if (length >= INT_MAX)
                return error_set(err, EFBIG, "%s: too large", name);
        if (json_weigh(text, length) > JSON_MAX_WEIGHT)
                return error_set(err, EFBIG, "%s: too many values", name);
        return json_parse_ascii(text, length, name, ret, err);
}

int json_read_file(int dirfd, const char *path, size_t max, struct json_object **ret,
                   struct error *err)
{
        AUTO_FREE char *text = NULL;
        size_t length;

        if (io_read_file(dirfd, path, max, &text, &length, err) < 0)
                return -1;
        return json_parse(text, length, path, ret, err);
}

char *json_text(struct json_object *object, bool pretty)
{
        int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

        if (pretty)
                flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
        return str_dup(json_object_to_json_string_ext(object, flags));
}

int json_document(struct json_object *object, bool pretty, char **ret, struct error *err)
{
        AUTO_FREE char *text = json_text(object, pretty);
        size_t length = strlen(text), valid = str_utf8_valid(text, length), begin = valid;

        if (valid == length) {
                *ret = steal_str(&text);
                return 0;
        }
        while (begin && text[begin - 1] != '"' && valid - begin < JSON_EXCERPT)
                begin--;
        return error_set(err, EILSEQ, "'%.*s' is not UTF-8", (int)(valid - begin) + 1,
                         text + begin);
}

char *json_shown(struct json_object *object)
{
        AUTO_FREE char *text = json_text(object, true);

        return printable_json(text);
}

/* The member of that type: 1 and *ret, 0 where it is missing or null, -1 where it is of another
 * type. */
static int json_member(struct json_object *object, const char *key, json_type type,
                       struct json_object **ret, struct error *err)
{
        struct json_object *member;

        if (!json_object_is_type(object, json_type_object))
                return error_set(err, EBADMSG, "an object was expected around \"%s\"", key);
        if (!json_object_object_get_ex(object, key, &member) || !member)
                return 0;
        if (!json_object_is_type(member, type))
                return error_set(err, EBADMSG, "\"%s\" is not of type %s", key,
                                 json_type_to_name(type));
        *ret = member;
        return 1;
}

int json_get_object(struct json_object *object, const char *key, struct json_object **ret,
                    struct error *err)
{
        return json_member(object, key, json_type_object, ret, err) < 0 ? -1 : 0;
}

int json_get_array(struct json_object *object, const char *key, struct json_object **ret,
                   struct error *err)
{
        return json_member(object, key, json_type_array, ret, err) < 0 ? -1 : 0;
}

/* A NUL inside a JSON string would end the C string early and hide the rest. */
static int json_string_value(struct json_object *member, const char *key, const char **ret,
                             struct error *err)
{
        const char *value = json_object_get_string(member);

        if (strlen(value) != (size_t)json_object_get_string_len(member))
                return error_set(err, EBADMSG, "\"%s\" has a NUL byte", key);
        *ret = value;
        return 0;
}

int json_get_string(struct json_object *object, const char *key, const char **ret,
                    struct error *err)
{
        struct json_object *member;
        int found = json_member(object, key, json_type_string, &member, err);

        return found <= 0 ? found : json_string_value(member, key, ret, err);
}

int json_copy_string(struct json_object *object, const char *key, char **place, struct error *err)
{
        const char *value = NULL;

        if (json_get_string(object, key, &value, err) < 0)
                return -1;
        str_replace(place, value);
        return 0;
}

int json_get_int(struct json_object *object, const char *key, int64_t *ret, struct error *err)
{
        struct json_object *member;
        int found = json_member(object, key, json_type_int, &member, err);

        if (found > 0)
                *ret = json_object_get_int64(member);
        return found < 0 ? -1 : 0;
}

int json_get_bool(struct json_object *object, const char *key, bool *ret, struct error *err)
{
        struct json_object *member;
        int found = json_member(object, key, json_type_boolean, &member, err);

        if (found > 0)
                *ret = json_object_get_boolean(member);
        return found < 0 ? -1 : 0;
}

int json_get_strv(struct json_object *object, const char *key, struct strv *list, struct error *err)
{
        struct json_object *array;
        int found = json_member(object, key, json_type_array, &array, err);

        if (found <= 0)
                return found;
        for (size_t i = 0; i < json_object_array_length(array); i++) {
                struct json_object *item = json_object_array_get_idx(array, i);
                const char *value = NULL;

                if (!json_object_is_type(item, json_type_string))
                        return error_set(err, EBADMSG, "\"%s\" is not a list of strings", key);
                if (json_string_value(item, key, &value, err) < 0)
                        return -1;
                strv_append(list, value);
        }
        return 0;
}

void json_set_string(struct json_object *object, const char *key, const char *value)
{
        if (value)
                json_object_object_add(object, key, json_object_new_string(value));
}

void json_set_strv(struct json_object *object, const char *key, const struct strv *list)
{
        struct json_object *array = json_add_array(object, key);

        for (size_t i = 0; i < list->count; i++)
                json_object_array_add(array, json_object_new_string(list->items[i]));
}

struct json_object *json_add_object(struct json_object *object, const char *key)
{
        struct json_object *member = json_object_new_object();

        json_object_object_add(object, key, member);
        return member;
}

struct json_object *json_add_array(struct json_object *object, const char *key)
{
        struct json_object *member = json_object_new_array();

        json_object_object_add(object, key, member);
        return member;
}

void json_set_pairs(struct json_object *object, const char *key, const struct strv *pairs)
{
        struct json_object *map = json_add_object(object, key);

        for (size_t i = 0; i < pairs->count; i++) {
                AUTO_FREE char *name = str_dupn(pairs->items[i], strcspn(pairs->items[i], "="));
                const char *value = strchr(pairs->items[i], '=');

                json_set_string(map, name, value ? value + 1 : "");
        }
}
