/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "yaml-json.h"

#include "json.h"

#include <errno.h>
#include <yaml.h>

enum {
        YAML_DEPTH_MAX = 30
};

struct yaml_reader {
        yaml_parser_t parser;
        const char *name;
};

static int yaml_fail(const struct yaml_reader *reader, const yaml_mark_t *mark, const char *why,
                     struct error *err)
{
        return error_set(err, EBADMSG, "%s:%zu:%zu: %s", reader->name, mark->line + 1,
                         mark->column + 1, why);
}

static int yaml_next(struct yaml_reader *reader, yaml_event_t *event, struct error *err)
{
        if (yaml_parser_parse(&reader->parser, event))
                return 0;
        return yaml_fail(reader, &reader->parser.problem_mark,
                         reader->parser.problem ? reader->parser.problem : "cannot be read", err);
}

static bool yaml_is_one_of(const char *text, const char *const *words)
{
        while (*words && !str_equal(*words, text))
                words++;
        return *words;
}

/* A number of the core schema: decimal, 0x, 0o, or with a point or an exponent. */
static struct json_object *yaml_number(const char *text)
{
        static const char digits[] = "0123456789";
        const char *start = text + (*text == '-' || *text == '+');
        int base = str_has_prefix(start, "0x") ? 16 : str_has_prefix(start, "0o") ? 8 : 10;
        char *end = NULL;
        long long number;
        double real;

        if (!strchr(digits, *start) && *start != '.')
                return NULL;
        errno = 0;
        /* Files of today write modes like this, with the zero of old. */
        if (base == 10 && start[0] == '0' && start[1] && !start[strspn(start, "01234567")])
                base = 8;
        number = strtoll(base == 8 && start[1] == 'o' ? start + 2 : start, &end, base);
        if (!*end && end != start && errno == 0)
                return json_object_new_int64(*text == '-' ? -number : number);
        if (base != 10 || start[strspn(start, "0123456789.eE+-")] || !start[strcspn(start, digits)])
                return NULL;
        real = strtod(text, &end);
        return *end ? NULL : json_object_new_double(real);
}

static struct json_object *yaml_scalar(const yaml_event_t *event)
{
        static const char *const nothing[] = { "", "~", "null", "Null", "NULL", NULL };
        static const char *const yes[] = { "true", "True", "TRUE", NULL };
        static const char *const no[] = { "false", "False", "FALSE", NULL };
        const char *text = (const char *)event->data.scalar.value;
        bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                     event->data.scalar.plain_implicit;
        struct json_object *number;

        if (plain && yaml_is_one_of(text, nothing))
                return NULL;
        if (plain && (yaml_is_one_of(text, yes) || yaml_is_one_of(text, no)))
                return json_object_new_boolean(yaml_is_one_of(text, yes));
        if (plain && (number = yaml_number(text)))
                return number;
        return json_object_new_string_len(text, (int)event->data.scalar.length);
}

static int yaml_value(struct yaml_reader *reader, const yaml_event_t *event, unsigned depth,
                      struct json_object **ret, struct error *err);

static int yaml_sequence(struct yaml_reader *reader, unsigned depth, struct json_object *array,
                         struct error *err)
{
        for (;;) {
                CLEANUP(yaml_event_delete) yaml_event_t event;
                struct json_object *item = NULL;

                memset(&event, 0, sizeof event);
                if (yaml_next(reader, &event, err) < 0)
                        return -1;
                if (event.type == YAML_SEQUENCE_END_EVENT)
                        return 0;
                if (yaml_value(reader, &event, depth, &item, err) < 0)
                        return -1;
                json_object_array_add(array, item);
        }
}

static int yaml_member(struct yaml_reader *reader, const yaml_event_t *key, unsigned depth,
                       struct json_object *object, struct error *err)
{
        const char *name = (const char *)key->data.scalar.value;
        CLEANUP(yaml_event_delete) yaml_event_t event;
        struct json_object *value = NULL;

        memset(&event, 0, sizeof event);
        if (key->type != YAML_SCALAR_EVENT)
                return yaml_fail(reader, &key->start_mark, "a key that is no word", err);
        if (str_equal(name, "<<"))
                return yaml_fail(reader, &key->start_mark, "merges are not supported", err);
        if (json_object_object_get_ex(object, name, NULL))
                return yaml_fail(reader, &key->start_mark, "a key that is there already", err);
        if (yaml_next(reader, &event, err) < 0 ||
            yaml_value(reader, &event, depth, &value, err) < 0)
                return -1;
        json_object_object_add(object, name, value);
        return 0;
}

static int yaml_mapping(struct yaml_reader *reader, unsigned depth, struct json_object *object,
                        struct error *err)
{
        for (;;) {
                CLEANUP(yaml_event_delete) yaml_event_t event;

                memset(&event, 0, sizeof event);
                if (yaml_next(reader, &event, err) < 0)
                        return -1;
                if (event.type == YAML_MAPPING_END_EVENT)
                        return 0;
                if (yaml_member(reader, &event, depth, object, err) < 0)
                        return -1;
        }
}

static int yaml_value(struct yaml_reader *reader, const yaml_event_t *event, unsigned depth,
                      struct json_object **ret, struct error *err)
{
        AUTO_JSON struct json_object *value = NULL;
        int result = 0;

        if (depth == 0)
                return yaml_fail(reader, &event->start_mark, "nested too deep", err);
        if (event->type == YAML_SCALAR_EVENT) {
                *ret = yaml_scalar(event);
                return 0;
        }
        if (event->type == YAML_SEQUENCE_START_EVENT) {
                value = json_object_new_array();
                result = yaml_sequence(reader, depth - 1, value, err);
        } else if (event->type == YAML_MAPPING_START_EVENT) {
                value = json_object_new_object();
                result = yaml_mapping(reader, depth - 1, value, err);
        } else {
                return yaml_fail(reader, &event->start_mark,
                                 event->type == YAML_ALIAS_EVENT ? "aliases are not supported"
                                                                 : "a value is missing",
                                 err);
        }
        if (result == 0)
                *ret = json_object_get(value);
        return result;
}

/* The one document. */
static int yaml_document(struct yaml_reader *reader, struct json_object **ret, struct error *err)
{
        bool found = false;

        for (;;) {
                CLEANUP(yaml_event_delete) yaml_event_t event;

                memset(&event, 0, sizeof event);
                if (yaml_next(reader, &event, err) < 0)
                        return -1;
                if (event.type == YAML_STREAM_END_EVENT)
                        return found ? 0 : error_set(err, EBADMSG, "%s: is empty", reader->name);
                if (event.type == YAML_STREAM_START_EVENT ||
                    event.type == YAML_DOCUMENT_START_EVENT ||
                    event.type == YAML_DOCUMENT_END_EVENT)
                        continue;
                if (found)
                        return yaml_fail(reader, &event.start_mark, "a second document", err);
                found = true;
                if (yaml_value(reader, &event, YAML_DEPTH_MAX, ret, err) < 0)
                        return -1;
        }
}

int yaml_to_json(const char *text, size_t length, const char *name, char **ret, struct error *err)
{
        AUTO_JSON struct json_object *document = NULL;
        struct yaml_reader reader = { .name = name };
        int result;

        if (!yaml_parser_initialize(&reader.parser))
                abort();
        yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
        result = yaml_document(&reader, &document, err);
        yaml_parser_delete(&reader.parser);
        if (result == 0)
                *ret = json_text(document, false);
        return result;
}
