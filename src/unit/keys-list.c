/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of keys for people and for the manual. */
#include "keys.h"

#include "../base/str.h"
#include "keys-differences.h"
#include "limits.h"

#include <stdlib.h>

static const char *const kinds[] = {
        [KEY_STRING] = "string", [KEY_TEXT] = "string", [KEY_NUMBER] = "number",
        [KEY_BOOL] = "boolean",  [KEY_LINES] = "lines", [KEY_LITERALS] = "words",
        [KEY_WORDS] = "words",   [KEY_PAIRS] = "pairs", [KEY_COMMAND] = "command",
};

static int compare_rows(const void *a, const void *b)
{
        const struct unit_key *left = *(const struct unit_key *const *)a;
        const struct unit_key *right = *(const struct unit_key *const *)b;
        int order = strcmp(left->section, right->section);

        return order ? order : strcmp(left->name, right->name);
}

/* All rows, sorted; an owned array of borrowed rows. */
static const struct unit_key **sort_rows(size_t *ret_count)
{
        const struct unit_key **rows = NULL;
        size_t count = 0;

        for (size_t k = 0; unit_keys[k]; k++) {
                const struct unit_keys *keys = unit_keys[k];

                rows = alloc_grow(rows, count + keys->count, sizeof *rows);
                for (size_t i = 0; i < keys->count; i++)
                        rows[count++] = &keys->rows[i];
        }
        qsort(rows, count, sizeof *rows, compare_rows);
        *ret_count = count;
        return rows;
}

void keys_list(FILE *out)
{
        size_t count;
        AUTO_FREE const struct unit_key **rows = sort_rows(&count);

        for (size_t i = 0; i < count; i++)
                fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", rows[i]->section, rows[i]->name,
                        kinds[rows[i]->kind], rows[i]->option ? rows[i]->option : "-",
                        rows[i]->since, rows[i]->help);
}

static void print_mdoc(const struct unit_key *row, FILE *out)
{
        const char *limit =
                str_equal(row->section, "Container") ? limits_unit_key(row->name) : NULL;
        const char *difference = keys_difference(row);

        fprintf(out, ".It Ic %s= Pq %s, %s\n%s.\n", row->name, kinds[row->kind], row->since,
                row->help);
        if (row->option)
                fprintf(out, "Becomes\n.Ql %s", row->option);
        if (row->option && limit)
                fprintf(out, "\nand\n.Ic %s=", limit);
        if (row->option)
                fputs(" .\n", out);
        if (difference)
                fprintf(out, "Differs: %s.\n", difference);
}

bool keys_list_mdoc(FILE *out)
{
        size_t count;
        AUTO_FREE const struct unit_key **rows = sort_rows(&count);
        const char *section = "";

        for (size_t i = 0; i < count; i++) {
                if (!str_equal(section, rows[i]->section))
                        fprintf(out, "%s.Ss [%s]\n.Bl -tag -width Ds\n", *section ? ".El\n" : "",
                                rows[i]->section);
                section = rows[i]->section;
                print_mdoc(rows[i], out);
        }
        fputs(".El\n", out);
        return keys_differences_fit();
}
