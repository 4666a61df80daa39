/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "values.h"

#include "words.h"

#include <stdlib.h>

static void values_grow(struct values *values)
{
        struct value *items = values->items == values->few ? NULL : values->items;

        if (!values->capacity) {
                values->items = values->few;
                values->capacity = VALUES_FEW;
                return;
        }
        values->capacity *= 2;
        values->items = alloc_grow(items, values->capacity, sizeof *items);
        if (!items)
                memcpy(values->items, values->few, sizeof values->few);
}

void values_add(struct values *values, const char *text, char *owned, const struct unit_line *line)
{
        if (values->count == values->capacity)
                values_grow(values);
        values->items[values->count++] =
                (struct value){ .text = text ? text : owned, .owned = owned, .line = line };
}

static void values_clear(struct values *values)
{
        for (size_t i = 0; i < values->count; i++)
                if (values->items[i].owned)
                        free(values->items[i].owned);
        values->count = 0;
}

void values_free_items(struct values *values)
{
        values_clear(values);
        if (values->items != values->few)
                free(values->items);
        values->items = NULL;
        values->capacity = 0;
}

/* The text without one pair of double quotes around it, owned; NULL where there is none. */
static char *unquote(const char *text)
{
        size_t length = strlen(text);

        if (length >= 2 && text[0] == '"' && text[length - 1] == '"')
                return str_dupn(text + 1, length - 2);
        return NULL;
}

bool value_parse_bool(const char *text, bool *ret)
{
        static const char *const names[] = { "",  "0",    "no", "n",   "false", "f", "off",
                                             "1", "true", "t",  "yes", "y",     "on" };
        const size_t first_true = 7;

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                if (str_equal_nocase(text, names[i])) {
                        *ret = i >= first_true;
                        return true;
                }
        }
        return false;
}

/* A later NAME=VALUE takes the place of an earlier one with the same name. */
static void values_add_pair(struct values *values, char *text, const struct unit_line *line)
{
        size_t name = strcspn(text, "=");

        for (size_t i = 0; i < values->count; i++) {
                struct value *other = &values->items[i];

                if (strncmp(other->text, text, name) == 0 &&
                    (other->text[name] == '=' || !other->text[name])) {
                        free(other->owned);
                        *other = (struct value){ .text = text, .owned = text, .line = line };
                        return;
                }
        }
        values_add(values, NULL, text, line);
}

static int values_add_words(struct values *values, const struct unit_line *line,
                            struct report *report, struct error *err)
{
        enum words_escape escape = line->row->kind == KEY_LITERALS ? WORDS_LITERAL : WORDS_DECODE;
        const char *at = line->value;
        bool open = false;
        char *word;
        int result;

        while ((result = words_take(&at, escape, &word, &open, err)) > 0) {
                if (line->row->kind == KEY_PAIRS)
                        values_add_pair(values, word, line);
                else
                        values_add(values, NULL, word, line);
        }
        if (result < 0) {
                unit_error(err, line, "%s=: %s", line->key, err->message);
                return error_alias(err, "unsupported escape char");
        }
        if (open && report)
                report_at(report, REPORT_WARNING, unit_value_place(line),
                          "%s=: a quote is not closed", line->key);
        return 0;
}

static int values_add_single(struct values *values, const struct unit_line *line, struct error *err)
{
        enum key_kind kind = line->row->kind;
        unsigned long long number;
        char *unquoted;
        bool truth;

        values_clear(values);
        if (kind == KEY_BOOL) {
                if (!value_parse_bool(line->value, &truth))
                        return unit_error(err, line, "%s=%s: not a boolean (use true or false)",
                                          line->key, line->value);
                values_add(values, truth ? "true" : "false", NULL, line);
                return 0;
        }
        if (!*line->value && kind != KEY_TEXT)
                return 0;
        if (kind == KEY_NUMBER && !str_to_u64(line->value, 0xffffffffull, &number))
                return unit_error(err, line, "%s=%s: not a number", line->key, line->value);
        unquoted = unquote(line->value);
        values_add(values, unquoted ? NULL : line->value, unquoted, line);
        return 0;
}

static int values_add_line(struct values *values, const struct unit_line *line,
                           struct report *report, struct error *err)
{
        switch (line->row->kind) {
        case KEY_STRING:
        case KEY_TEXT:
        case KEY_NUMBER:
        case KEY_BOOL:
                return values_add_single(values, line, err);
        case KEY_LINES:
                if (!*line->value)
                        values_clear(values);
                else
                        values_add(values, line->value, NULL, line);
                return 0;
        case KEY_LITERALS:
        case KEY_WORDS:
        case KEY_PAIRS:
                if (!*line->value)
                        values_clear(values);
                return values_add_words(values, line, report, err);
        case KEY_COMMAND:
                values_clear(values);
                return values_add_words(values, line, report, err);
        }
        return 0;
}

int values_read(const struct unit_section *section, const struct unit_key *row, struct values *ret,
                struct report *report, struct error *err)
{
        for (size_t i = 0; i < section->lines.count; i++) {
                const struct unit_line *line = &section->lines.items[i];

                if (line->row == row && values_add_line(ret, line, report, err) < 0) {
                        values_free(ret);
                        return -1;
                }
        }
        return 0;
}

char *value_copy(const char *text)
{
        char *unquoted = unquote(text);

        return unquoted ? unquoted : str_dup(text);
}
