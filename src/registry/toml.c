/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The structure: keys, tables, arrays. */
#include "toml.h"

#include "toml-scan.h"

#include <errno.h>
#include <stdint.h>

/* How a value came to be, which says what may be added to it later. It is kept with the line in the
 * object's user data. */
enum toml_kind {
        TOML_VALUE, /* nothing: no table, or one in braces, or an array in brackets */
        TOML_SUPER, /* a table that only the name of another implies: keys by a header of its own */
        TOML_HEADER, /* a table with a header: no second header */
        TOML_DOTTED, /* a table that a dotted key made: more dotted keys, no header */
        TOML_TABLES  /* an array of tables: more [[headers]] */
};

enum {
        TOML_KIND_BITS = 3
};

struct toml {
        struct toml_scan scan;
        unsigned depth;
        struct json_object *root;  /* borrowed */
        struct json_object *table; /* borrowed; the one whose keys are read */
};

static void toml_mark(struct json_object *object, enum toml_kind kind, unsigned line)
{
        uintptr_t mark = (uintptr_t)line << TOML_KIND_BITS | (uintptr_t)kind;

        json_object_set_userdata(object, (void *)mark, NULL);
}

static enum toml_kind toml_kind(struct json_object *object)
{
        return (enum toml_kind)((uintptr_t)json_object_get_userdata(object) &
                                ((1U << TOML_KIND_BITS) - 1));
}

unsigned toml_line(struct json_object *object)
{
        return (unsigned)((uintptr_t)json_object_get_userdata(object) >> TOML_KIND_BITS);
}

static struct json_object *toml_get(struct json_object *table, const char *key)
{
        struct json_object *value = NULL;

        json_object_object_get_ex(table, key, &value);
        return value;
}

/* Takes ownership of value. */
static struct json_object *toml_add(struct toml *toml, struct json_object *table, const char *key,
                                    struct json_object *value, enum toml_kind kind)
{
        toml_mark(value, kind, toml->scan.line);
        json_object_object_add(table, key, value);
        return value;
}

/* --- keys */

static int toml_take_key_part(struct toml_scan *scan, struct strv *key)
{
        static const char bare[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
        AUTO_STRBUF struct strbuf text = { 0 };
        size_t length = strspn(scan->at, bare);

        if (*scan->at == '"' || *scan->at == '\'') {
                if (toml_take_string(scan, true, &text) < 0)
                        return -1;
        } else if (length) {
                strbuf_append_n(&text, scan->at, length);
                scan->at += length;
        } else {
                return toml_fail(scan, "a key is missing");
        }
        strv_append_owned(key, strbuf_steal(&text));
        return 0;
}

static int toml_take_key(struct toml_scan *scan, struct strv *key)
{
        for (;;) {
                toml_skip(scan, false);
                if (toml_take_key_part(scan, key) < 0)
                        return -1;
                if (key->count > TOML_MAX_DEPTH)
                        return toml_fail(scan, "a key has more than %d parts", TOML_MAX_DEPTH);
                toml_skip(scan, false);
                if (*scan->at != '.')
                        return 0;
                scan->at++;
        }
}

/* --- values */

static int toml_take_value(struct toml *toml, struct json_object **ret);

/* KEY = VALUE, into a table. */
static int toml_take_pair(struct toml *toml, struct json_object *table)
{
        AUTO_STRV struct strv key = { 0 };
        AUTO_JSON struct json_object *value = NULL;
        struct toml_scan *scan = &toml->scan;
        struct json_object *found;
        size_t last;

        if (toml_take_key(scan, &key) < 0)
                return -1;
        last = key.count - 1;
        for (size_t i = 0; i < last; i++) {
                found = toml_get(table, key.items[i]);
                if (!found)
                        found = toml_add(toml, table, key.items[i], json_object_new_object(),
                                         TOML_DOTTED);
                else if (toml_kind(found) != TOML_DOTTED)
                        return toml_fail(scan, "'%s' is there already, since line %u", key.items[i],
                                         toml_line(found));
                table = found;
        }
        if ((found = toml_get(table, key.items[last])))
                return toml_fail(scan, "'%s' is there already, since line %u", key.items[last],
                                 toml_line(found));
        if (*scan->at != '=')
                return toml_fail(scan, "there is no = behind '%s'", key.items[last]);
        scan->at++;
        toml_skip(scan, false);
        if (toml_take_value(toml, &value) < 0)
                return -1;
        json_object_object_add(table, key.items[last], steal_ptr(&value));
        return 0;
}

static int toml_take_array(struct toml *toml, struct json_object *array)
{
        struct toml_scan *scan = &toml->scan;

        scan->at++;
        for (;;) {
                AUTO_JSON struct json_object *value = NULL;

                if (toml_skip(scan, true) < 0)
                        return -1;
                if (*scan->at == ']')
                        break;
                if (toml_take_value(toml, &value) < 0)
                        return -1;
                json_object_array_add(array, steal_ptr(&value));
                if (toml_skip(scan, true) < 0)
                        return -1;
                if (*scan->at == ']')
                        break;
                if (*scan->at != ',')
                        return toml_fail(scan, "a list is not closed: , or ] is missing");
                scan->at++;
        }
        scan->at++;
        return 0;
}

static void toml_close_tables(struct json_object *table)
{
        json_object_object_foreach(table, key, value)
        {
                (void)key;
                if (toml_kind(value) != TOML_DOTTED)
                        continue;
                toml_close_tables(value);
                toml_mark(value, TOML_VALUE, toml_line(value));
        }
}

static int toml_take_inline(struct toml *toml, struct json_object *table)
{
        struct toml_scan *scan = &toml->scan;

        scan->at++;
        toml_skip(scan, false);
        if (*scan->at == '}') {
                scan->at++;
                return 0;
        }
        for (;;) {
                if (toml_take_pair(toml, table) < 0)
                        return -1;
                toml_skip(scan, false);
                if (*scan->at == '}')
                        break;
                if (*scan->at != ',')
                        return toml_fail(scan, "a table is not closed on its line: , or } is "
                                               "missing");
                scan->at++;
        }
        scan->at++;
        toml_close_tables(table);
        return 0;
}

static int toml_take_nested(struct toml *toml, struct json_object **ret)
{
        bool is_array = *toml->scan.at == '[';
        AUTO_JSON struct json_object *value =
                is_array ? json_object_new_array() : json_object_new_object();
        int result;

        if (toml->depth == TOML_MAX_DEPTH)
                return toml_fail(&toml->scan, "lists and tables are nested deeper than %d levels",
                                 TOML_MAX_DEPTH);
        toml->depth++;
        result = is_array ? toml_take_array(toml, value) : toml_take_inline(toml, value);
        toml->depth--;
        if (result == 0)
                *ret = steal_ptr(&value);
        return result;
}

static int toml_take_value(struct toml *toml, struct json_object **ret)
{
        AUTO_STRBUF struct strbuf text = { 0 };
        AUTO_JSON struct json_object *value = NULL;
        unsigned line = toml->scan.line;
        int result = 0;

        switch (*toml->scan.at) {
        case '"':
        case '\'':
                if (toml_take_string(&toml->scan, false, &text) < 0)
                        return -1;
                value = json_object_new_string_len(text.data, (int)text.length);
                break;
        case '[':
        case '{':
                result = toml_take_nested(toml, &value);
                break;
        default:
                result = toml_take_word(&toml->scan, &value);
        }
        if (result < 0)
                return -1;
        toml_mark(value, TOML_VALUE, line);
        *ret = steal_ptr(&value);
        return 0;
}

/* --- headers */

static int toml_fail_header(struct toml *toml, const char *key, struct json_object *found)
{
        return toml_fail(&toml->scan, "[%s] is there already, since line %u", key,
                         toml_line(found));
}

/* The table that the last part of a header's name stands in. */
static int toml_find_parent(struct toml *toml, const struct strv *key, struct json_object **ret)
{
        struct json_object *table = toml->root;

        for (size_t i = 0; i + 1 < key->count; i++) {
                struct json_object *found = toml_get(table, key->items[i]);

                if (!found)
                        found = toml_add(toml, table, key->items[i], json_object_new_object(),
                                         TOML_SUPER);
                else if (toml_kind(found) == TOML_TABLES)
                        found = json_object_array_get_idx(found,
                                                          json_object_array_length(found) - 1);
                else if (toml_kind(found) == TOML_VALUE)
                        return toml_fail(&toml->scan, "'%s' is a value, since line %u",
                                         key->items[i], toml_line(found));
                table = found;
        }
        *ret = table;
        return 0;
}

static int toml_open_table(struct toml *toml, struct json_object *parent, const char *key)
{
        struct json_object *found = toml_get(parent, key);

        if (!found) {
                toml->table = toml_add(toml, parent, key, json_object_new_object(), TOML_HEADER);
                return 0;
        }
        if (toml_kind(found) != TOML_SUPER)
                return toml_fail_header(toml, key, found);
        toml_mark(found, TOML_HEADER, toml->scan.line);
        toml->table = found;
        return 0;
}

static int toml_open_element(struct toml *toml, struct json_object *parent, const char *key)
{
        struct json_object *array = toml_get(parent, key);

        if (!array)
                array = toml_add(toml, parent, key, json_object_new_array(), TOML_TABLES);
        else if (toml_kind(array) != TOML_TABLES)
                return toml_fail_header(toml, key, array);
        toml->table = json_object_new_object();
        toml_mark(toml->table, TOML_HEADER, toml->scan.line);
        json_object_array_add(array, toml->table);
        return 0;
}

/* [NAME] or [[NAME]] */
static int toml_take_header(struct toml *toml)
{
        AUTO_STRV struct strv key = { 0 };
        struct toml_scan *scan = &toml->scan;
        struct json_object *parent = NULL;
        bool element = scan->at[1] == '[';

        scan->at += element ? 2 : 1;
        if (toml_take_key(scan, &key) < 0)
                return -1;
        if (*scan->at != ']' || (element && scan->at[1] != ']'))
                return toml_fail(scan, "%s is missing behind '%s'", element ? "]]" : "]",
                                 key.items[key.count - 1]);
        scan->at += element ? 2 : 1;
        if (toml_find_parent(toml, &key, &parent) < 0 ||
            (element ? toml_open_element : toml_open_table)(toml, parent,
                                                            key.items[key.count - 1]) < 0)
                return -1;
        return toml_end_line(scan);
}

static int toml_take_all(struct toml *toml)
{
        for (;;) {
                if (toml_skip(&toml->scan, true) < 0)
                        return -1;
                if (!*toml->scan.at)
                        return 0;
                if (*toml->scan.at == '[') {
                        if (toml_take_header(toml) < 0)
                                return -1;
                } else if (toml_take_pair(toml, toml->table) < 0 ||
                           toml_end_line(&toml->scan) < 0) {
                        return -1;
                }
        }
}

/* All of it is UTF-8 without NUL, so that the rest need not ask. */
static int toml_check_text(struct toml_scan *scan, const char *text, size_t length)
{
        size_t nul = strlen(text), valid = str_utf8_valid(text, length);
        size_t wrong = nul < valid ? nul : valid;

        if (wrong == length)
                return 0;
        for (size_t i = 0; i < wrong; i++)
                if (text[i] == '\n')
                        scan->line++;
        return toml_fail(scan, wrong == nul ? "there is a NUL byte" : "this is not UTF-8");
}

int toml_parse(const char *text, size_t length, const char *name, struct json_object **ret,
               struct error *err)
{
        AUTO_JSON struct json_object *root = json_object_new_object();
        const char *behind_mark = str_after(text, "\xef\xbb\xbf");
        struct toml toml = {
                .scan = { .at = behind_mark ? behind_mark : text,
                          .name = name,
                          .line = 1,
                          .err = err },
                .root = root,
                .table = root,
        };

        toml_mark(root, TOML_HEADER, 1);
        if (toml_check_text(&toml.scan, text, length) < 0 || toml_take_all(&toml) < 0)
                return -1;
        *ret = steal_ptr(&root);
        return 0;
}
