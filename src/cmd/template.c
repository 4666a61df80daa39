/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template.h"

#include "../base/json.h"
#include "../base/printable.h"
#include "listing.h"

#include <ctype.h>
#include <errno.h>

/* One piece of a template: text, or what stands between the braces. */
struct template_piece {
        const char *text; /* borrowed */
        size_t length;
        bool is_action;
};

bool template_is_template(const char *format)
{
        return strstr(format, "{{") || str_has_prefix(format, "table ");
}

/* Take the next piece off *format. */
static int template_next(const char **format, struct template_piece *ret, struct error *err)
{
        const char *open = strstr(*format, "{{"), *close;

        *ret = (struct template_piece){ .text = *format };
        if (open != *format) {
                ret->length = open ? (size_t)(open - *format) : strlen(*format);
                *format += ret->length;
                return 0;
        }
        close = strstr(open, "}}");
        if (!close)
                return error_set(err, EINVAL, "--format: '{{' without '}}'");
        for (ret->text = open + 2; isspace((unsigned char)*ret->text); ret->text++)
                ;
        ret->length = close > ret->text ? (size_t)(close - ret->text) : 0;
        while (ret->length && isspace((unsigned char)ret->text[ret->length - 1]))
                ret->length--;
        ret->is_action = true;
        *format = close + 2;
        return 0;
}

static void template_append_text(struct strbuf *out, const char *text, size_t length)
{
        static const char letters[] = "tn\\", meanings[] = "\t\n\\";

        for (size_t i = 0; i < length; i++) {
                const char *letter = NULL;

                if (text[i] == '\\' && i + 1 < length)
                        letter = strchr(letters, text[i + 1]);
                strbuf_append_char(out, letter ? meanings[letter - letters] : text[i]);
                i += letter != NULL;
        }
}

/* A member by its name, exactly or but for its case. */
static bool template_member(struct json_object *object, const char *name, struct json_object **ret)
{
        struct json_object_iterator at, end;

        if (!json_object_is_type(object, json_type_object))
                return false;
        if (json_object_object_get_ex(object, name, ret))
                return true;
        end = json_object_iter_end(object);
        for (at = json_object_iter_begin(object); !json_object_iter_equal(&at, &end);
             json_object_iter_next(&at)) {
                if (!str_equal_nocase(json_object_iter_peek_name(&at), name))
                        continue;
                *ret = json_object_iter_peek_value(&at);
                return true;
        }
        return false;
}

/* ".A.B" */
static int template_look_up(const char *path, struct json_object *object, struct json_object **ret,
                            struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        strv_split(&names, path, ".", false);
        for (size_t i = 0; i < names.count; i++)
                if (!template_member(object, names.items[i], &object))
                        return error_set(err, ENOENT,
                                         "--format: there is no '%s'; --format json shows what "
                                         "there is",
                                         path);
        *ret = object;
        return 0;
}

static void template_append_value(struct strbuf *out, struct json_object *value,
                                  enum template_style style);

static void template_append_list(struct strbuf *out, struct json_object *list,
                                 enum template_style style)
{
        size_t count = json_object_array_length(list);

        strbuf_append(out, style == TEMPLATE_GO ? "[" : "");
        for (size_t i = 0; i < count; i++) {
                if (i)
                        strbuf_append(out, style == TEMPLATE_GO ? " " : ",");
                template_append_value(out, json_object_array_get_idx(list, i), style);
        }
        strbuf_append(out, style == TEMPLATE_GO ? "]" : "");
}

static int template_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of the keys, as Go does it. */
static void template_append_map(struct strbuf *out, struct json_object *map,
                                enum template_style style)
{
        AUTO_STRV struct strv keys = { 0 };
        struct json_object_iterator at = json_object_iter_begin(map);
        struct json_object_iterator end = json_object_iter_end(map);

        for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
                strv_append(&keys, json_object_iter_peek_name(&at));
        if (keys.count)
                qsort(keys.items, keys.count, sizeof *keys.items, template_compare);
        strbuf_append(out, style == TEMPLATE_GO ? "map[" : "");
        for (size_t i = 0; i < keys.count; i++) {
                struct json_object *value = NULL;

                json_object_object_get_ex(map, keys.items[i], &value);
                if (i)
                        strbuf_append(out, style == TEMPLATE_GO ? " " : ",");
                strbuf_appendf(out, "%s%c", keys.items[i], style == TEMPLATE_GO ? ':' : '=');
                template_append_value(out, value, style);
        }
        strbuf_append(out, style == TEMPLATE_GO ? "]" : "");
}

static void template_append_value(struct strbuf *out, struct json_object *value,
                                  enum template_style style)
{
        if (!value)
                strbuf_append(out, style == TEMPLATE_GO ? "<nil>" : "");
        else if (json_object_is_type(value, json_type_array))
                template_append_list(out, value, style);
        else if (json_object_is_type(value, json_type_object))
                template_append_map(out, value, style);
        else
                strbuf_append(out, json_object_get_string(value));
}

/* Where the member's name begins in what stands between the braces; with `json ` in front, as JSON.
 */
static int template_parse_action(const char *action, const char **ret_path, bool *ret_json,
                                 struct error *err)
{
        const char *rest = str_after(action, "json ");
        const char *path = rest ? rest + strspn(rest, " ") : action;

        if (path[0] != '.' || path[strcspn(path, " |()\"'$`")])
                return error_set(err, EINVAL,
                                 "--format: '{{%s}}' is not supported: only {{.MEMBER}}, "
                                 "{{.MEMBER.MEMBER}} and {{json .MEMBER}} are; for more use "
                                 "--format json and jq",
                                 action);
        *ret_path = path;
        *ret_json = rest;
        return 0;
}

int template_check(const char *format, struct error *err)
{
        while (*format) {
                struct template_piece piece;
                AUTO_FREE char *action = NULL;
                const char *path;
                bool json;

                if (template_next(&format, &piece, err) < 0)
                        return -1;
                action = str_dupn(piece.text, piece.length);
                if (piece.is_action && template_parse_action(action, &path, &json, err) < 0)
                        return -1;
        }
        return 0;
}

static int template_append_action(struct strbuf *out, const struct template_piece *piece,
                                  struct json_object *object, enum template_style style,
                                  struct error *err)
{
        AUTO_FREE char *action = str_dupn(piece->text, piece->length);
        struct json_object *value = NULL;
        const char *path;
        bool json;

        if (template_parse_action(action, &path, &json, err) < 0 ||
            template_look_up(path, object, &value, err) < 0)
                return -1;
        if (json) {
                AUTO_FREE char *text = json_text(value, false);

                strbuf_append(out, text);
        } else {
                template_append_value(out, value, style);
        }
        return 0;
}

int template_fill(const char *format, struct json_object *object, enum template_style style,
                  char **ret, struct error *err)
{
        AUTO_STRBUF struct strbuf out = { 0 };

        while (*format) {
                struct template_piece piece;

                if (template_next(&format, &piece, err) < 0)
                        return -1;
                if (!piece.is_action)
                        template_append_text(&out, piece.text, piece.length);
                else if (template_append_action(&out, &piece, object, style, err) < 0)
                        return -1;
        }
        *ret = strbuf_steal(&out);
        return 0;
}

/* The titles of a table: the last members' names, in capitals. */
static int template_titles(const char *format, char **ret, struct error *err)
{
        AUTO_STRBUF struct strbuf out = { 0 };

        while (*format) {
                struct template_piece piece;
                size_t begin;

                if (template_next(&format, &piece, err) < 0)
                        return -1;
                if (!piece.is_action) {
                        template_append_text(&out, piece.text, piece.length);
                        continue;
                }
                for (begin = piece.length; begin && piece.text[begin - 1] != '.'; begin--)
                        ;
                for (; begin < piece.length; begin++)
                        strbuf_append_char(&out, (char)toupper((unsigned char)piece.text[begin]));
        }
        *ret = strbuf_steal(&out);
        return 0;
}

static int template_print_lines(const char *format, struct json_object *list,
                                enum template_style style, struct error *err)
{
        bool terminal = isatty(STDOUT_FILENO);

        for (size_t i = 0; i < json_object_array_length(list); i++) {
                AUTO_FREE char *line = NULL;

                if (template_fill(format, json_object_array_get_idx(list, i), style, &line, err) <
                    0)
                        return -1;
                if (terminal)
                        printable_mask(line, "\n\t");
                puts(line);
        }
        return 0;
}

int template_print(const char *format, struct json_object *list, enum template_style style,
                   struct error *err)
{
        const char *cells = str_after(format, "table ");
        size_t count = json_object_array_length(list), columns = 0;
        AUTO_FREE struct strv *rows = NULL;
        AUTO_FREE char *titles = NULL;
        int result = 0;

        if (!cells)
                return template_print_lines(format, list, style, err);
        if (template_titles(cells, &titles, err) < 0)
                return -1;
        rows = alloc_zero(count + 1, sizeof *rows);
        strv_split(&rows[0], titles, "\t", true);
        columns = rows[0].count;
        for (size_t i = 0; i < count && result == 0; i++) {
                AUTO_FREE char *line = NULL;

                result =
                        template_fill(cells, json_object_array_get_idx(list, i), style, &line, err);
                if (result == 0)
                        strv_split(&rows[i + 1], line, "\t", true);
        }
        if (result == 0)
                listing_print(rows, count + 1, columns);
        for (size_t i = 0; i <= count; i++)
                strv_free(&rows[i]);
        return result;
}
