/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a key's values, where it is the same for many keys. */
#include "translate.h"
#include "words.h"

#include <ctype.h>
#include <stdlib.h>

int emit_nothing(struct translation *t, const struct unit_key *row, const struct values *values,
                 struct error *err)
{
        (void)t;
        (void)row;
        (void)values;
        (void)err;
        return 0;
}

/* "--option VALUE" for each value; an option of two words, "--option prefix=", puts the second in
 * front of the value. */
int emit_option(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        const char *blank = strchr(row->option, ' ');
        AUTO_FREE char *option =
                blank ? str_dupn(row->option, (size_t)(blank - row->option)) : NULL;

        (void)err;
        for (size_t i = 0; i < values->count; i++) {
                words_add_text(&t->args, option ? option : row->option);
                if (blank)
                        words_add_parts(&t->args, blank + 1, values->items[i].text);
                else
                        words_add(&t->args, values->items[i].text);
        }
        return 0;
}

/* "--option=VALUE" in one word. */
int emit_joined(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        (void)err;
        for (size_t i = 0; i < values->count; i++)
                words_add_parts(&t->args, row->option, "=", values->items[i].text);
        return 0;
}

int emit_global(struct translation *t, const struct unit_key *row, const struct values *values,
                struct error *err)
{
        (void)err;
        for (size_t i = 0; i < values->count; i++)
                words_add_parts(&t->global, row->option, "=", values->items[i].text);
        return 0;
}

int emit_global_words(struct translation *t, const struct unit_key *row,
                      const struct values *values, struct error *err)
{
        (void)row;
        (void)err;
        for (size_t i = 0; i < values->count; i++)
                words_add(&t->global, values->items[i].text);
        return 0;
}

/* A boolean that is given: "--option" or "--option=false". */
int emit_flag(struct translation *t, const struct unit_key *row, const struct values *values,
              struct error *err)
{
        (void)err;
        if (str_equal(values->items[0].text, "true"))
                words_add_text(&t->args, row->option);
        else
                words_add_parts(&t->args, row->option, "=false");
        return 0;
}

/* A boolean that only says something when it is true. */
int emit_if_true(struct translation *t, const struct unit_key *row, const struct values *values,
                 struct error *err)
{
        (void)err;
        if (str_equal(values->items[0].text, "true"))
                words_add_text(&t->args, row->option);
        return 0;
}

/* Names of capabilities. */
int emit_lower(struct translation *t, const struct unit_key *row, const struct values *values,
               struct error *err)
{
        (void)err;
        for (size_t i = 0; i < values->count; i++) {
                AUTO_FREE char *name = str_dup(values->items[i].text);

                for (char *c = name; *c; c++)
                        *c = (char)tolower((unsigned char)*c);
                words_add_text(&t->args, row->option);
                words_add(&t->args, name);
        }
        return 0;
}

int emit_words(struct translation *t, const struct unit_key *row, const struct values *values,
               struct error *err)
{
        (void)row;
        (void)err;
        for (size_t i = 0; i < values->count; i++)
                words_add(&t->args, values->items[i].text);
        return 0;
}

/* Paths, relative to the directory of the container file; one that begins with a specifier is left
 * for systemd. */
int emit_file(struct translation *t, const struct unit_key *row, const struct values *values,
              struct error *err)
{
        for (size_t i = 0; i < values->count; i++) {
                AUTO_FREE char *path = NULL;

                if (values->items[i].text[0] == '-')
                        return unit_error(err, values->items[i].line,
                                          "%s=%s: a file that may be missing ('-') is not "
                                          "supported here",
                                          row->name, values->items[i].text);
                path = reference_path(t, values->items[i].text);
                if (row->option)
                        words_add_text(&t->args, row->option);
                words_add(&t->args, path);
        }
        return 0;
}
