/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registries-reader.h"

#include "toml.h"

#include <errno.h>

int reader_fail_at(struct registries_reader *reader, struct json_object *value, const char *format,
                   ...)
{
        AUTO_FREE char *reason = NULL;
        va_list args;

        va_start(args, format);
        reason = str_vformat(format, args);
        va_end(args);
        return error_set(reader->err, EINVAL, "%s:%u: %s", reader->path, toml_line(value), reason);
}

char *reader_source_of(const struct registries_reader *reader, struct json_object *value)
{
        return str_format("%s:%u", reader->path, toml_line(value));
}

int reader_get_member(struct registries_reader *reader, struct json_object *table, const char *key,
                      json_type type, const char *what, struct json_object **ret)
{
        struct json_object *value = NULL;

        if (!json_object_object_get_ex(table, key, &value))
                return 0;
        if (!json_object_is_type(value, type))
                return reader_fail_at(reader, value, "'%s' is not %s", key, what);
        *ret = value;
        return 0;
}

int reader_get_string(struct registries_reader *reader, struct json_object *table, const char *key,
                      const char **ret)
{
        struct json_object *value = NULL;

        if (reader_get_member(reader, table, key, json_type_string, "a string", &value) < 0)
                return -1;
        if (value)
                *ret = json_object_get_string(value);
        return 0;
}

int reader_get_bool(struct registries_reader *reader, struct json_object *table, const char *key,
                    bool *ret)
{
        struct json_object *value = NULL;

        if (reader_get_member(reader, table, key, json_type_boolean, "true or false", &value) < 0)
                return -1;
        if (value)
                *ret = json_object_get_boolean(value);
        return 0;
}

int reader_get_strings(struct registries_reader *reader, struct json_object *table, const char *key,
                       struct strv *list, struct json_object **ret)
{
        struct json_object *array = NULL;

        if (reader_get_member(reader, table, key, json_type_array, "a list of strings", &array) < 0)
                return -1;
        for (size_t i = 0; array && i < json_object_array_length(array); i++) {
                struct json_object *item = json_object_array_get_idx(array, i);

                if (!json_object_is_type(item, json_type_string))
                        return reader_fail_at(reader, item, "'%s' is not a list of strings", key);
                strv_append(list, json_object_get_string(item));
        }
        *ret = array;
        return 0;
}

bool reader_is_among(const char *const *list, const char *word)
{
        for (; *list; list++)
                if (str_is(*list, word))
                        return true;
        return false;
}

void reader_warn_unknown(struct registries_reader *reader, struct json_object *table,
                         const char *const *known)
{
        json_object_object_foreach(table, key, value)
        {
                const char *nearest;

                if (reader_is_among(known, key))
                        continue;
                nearest = str_nearest(key, known);
                strv_appendf(&reader->registries->warnings,
                             "%s:%u: unknown key '%.60s'%s%s%s; ignored", reader->path,
                             toml_line(value), key, nearest ? ", did you mean " : "",
                             nearest ? nearest : "", nearest ? "?" : "");
        }
}
