/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "option.h"

#include "str.h"

#include <errno.h>
#include <stdint.h>

/* A parse under way: where it reads, and where it puts positional words. */
struct option_scan {
        const struct option_row *table; /* borrowed */
        void *context;                  /* borrowed */
        int argc;
        char **argv;
        int next; /* the next word to read */
};

static const struct option_row *option_by_name(const struct option_row *table, const char *name,
                                               size_t length)
{
        for (; table->name; table++)
                if (strncmp(table->name, name, length) == 0 && !table->name[length])
                        return table;
        return NULL;
}

static const struct option_row *option_by_letter(const struct option_row *table, char letter)
{
        for (; table->name; table++)
                if (table->letter == letter)
                        return table;
        return NULL;
}

static int option_unknown(const struct option_row *table, const char *name, struct error *err)
{
        const char *nearest = str_nearest_row(name, table, sizeof *table);

        if (nearest)
                return error_set(err, EINVAL, "unknown option --%s, did you mean --%s?", name,
                                 nearest);
        return error_set(err, EINVAL, "unknown option --%s", name);
}

static int option_scan_long(struct option_scan *scan, const char *word, struct error *err)
{
        size_t length = strcspn(word, "=");
        const char *value = word[length] ? word + length + 1 : NULL;
        const struct option_row *row = option_by_name(scan->table, word, length);

        if (!row) {
                AUTO_FREE char *name = str_dupn(word, length);

                return option_unknown(scan->table, name, err);
        }
        if (row->kind == OPTION_VALUE && !value) {
                if (scan->next == scan->argc)
                        return error_set(err, EINVAL, "option --%s needs a value", row->name);
                value = scan->argv[scan->next++];
        }
        return row->take(scan->context, row, value, err);
}

static int option_scan_letters(struct option_scan *scan, const char *letters, struct error *err)
{
        for (; *letters; letters++) {
                const struct option_row *row = option_by_letter(scan->table, *letters);
                const char *value = letters[1] ? letters + 1 : NULL;

                if (!row)
                        return error_set(err, EINVAL, "unknown option -%c", *letters);
                if (row->kind == OPTION_FLAG && value && *value != '=') {
                        if (row->take(scan->context, row, NULL, err) < 0)
                                return -1;
                        continue;
                }
                if (row->kind == OPTION_VALUE && !value) {
                        if (scan->next == scan->argc)
                                return error_set(err, EINVAL, "option -%c needs a value", *letters);
                        value = scan->argv[scan->next++];
                } else if (value && *value == '=') {
                        value++;
                }
                return row->take(scan->context, row, value, err);
        }
        return 0;
}

int option_parse(const struct option_row *table, bool stop_early, int argc, char **argv,
                 void *context, int *ret_first, struct error *err)
{
        struct option_scan scan = {
                .table = table, .context = context, .argc = argc, .argv = argv
        };
        int positional = 0; /* how many have been moved to argv[1…] so far */

        for (scan.next = 1; scan.next < argc;) {
                char *word = argv[scan.next++];
                bool is_long = word[0] == '-' && word[1] == '-';

                if (is_long && !word[2])
                        break;
                if (word[0] != '-' || !word[1]) {
                        argv[1 + positional++] = word;
                        if (stop_early)
                                break;
                        continue;
                }
                if ((is_long ? option_scan_long(&scan, word + 2, err)
                             : option_scan_letters(&scan, word + 1, err)) < 0)
                        return -1;
        }
        /* Close the gap between the words kept at the front and those not looked at. */
        *ret_first = scan.next - positional;
        memmove(argv + *ret_first, argv + 1, (size_t)positional * sizeof *argv);
        return 0;
}

void option_print_help(const struct option_row *table, FILE *out)
{
        for (; table->name; table++) {
                AUTO_FREE char *left = NULL;

                if (!table->help)
                        continue;
                left = str_format("%s%c%s--%s%s%s", table->letter ? "-" : " ",
                                  table->letter ? table->letter : ' ', table->letter ? ", " : "  ",
                                  table->name, table->argument ? " " : "",
                                  table->argument ? table->argument : "");
                fprintf(out, "  %-34s %s\n", left, table->help);
        }
}

int option_parse_bool(const char *name, const char *value, bool *ret, struct error *err)
{
        static const char *const yes[] = { "true", "t", "1", "yes", "on" };
        static const char *const no[] = { "false", "f", "0", "no", "off" };

        if (!value) {
                *ret = true;
                return 0;
        }
        for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
                if (str_equal_nocase(value, yes[i]) || str_equal_nocase(value, no[i])) {
                        *ret = str_equal_nocase(value, yes[i]);
                        return 0;
                }
        }
        return error_set(err, EINVAL, "--%s=%s: not true or false", name, value);
}

int option_take_string(void *context, const struct option_row *row, const char *value,
                       struct error *err)
{
        (void)err;
        str_replace((char **)(void *)((char *)context + row->field), value);
        return 0;
}

int option_take_list(void *context, const struct option_row *row, const char *value,
                     struct error *err)
{
        (void)err;
        strv_append((struct strv *)(void *)((char *)context + row->field), value);
        return 0;
}

int option_take_timeout(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        int *timeout = (int *)(void *)((char *)context + row->field);
        unsigned long long seconds;

        if (str_equal(value, "-1")) {
                *timeout = INT32_MAX;
                return 0;
        }
        if (!str_to_u64(value, INT32_MAX, &seconds))
                return error_set(err, EINVAL, "--%s %s: not a number of seconds", row->name, value);
        *timeout = (int)seconds;
        return 0;
}

int option_take_nothing(void *context, const struct option_row *row, const char *value,
                        struct error *err)
{
        (void)context;
        (void)row;
        (void)value;
        (void)err;
        return 0;
}

int option_take_bool(void *context, const struct option_row *row, const char *value,
                     struct error *err)
{
        return option_parse_bool(row->name, value, (bool *)((char *)context + row->field), err);
}
