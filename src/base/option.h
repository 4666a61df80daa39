/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines, from a table: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`, bundles of
 * short flags (`-it`), `--flag=false`, `--` and, for commands that run other programs, an end at
 * the first word that is no option. The same table prints --help and feeds the shells' completion,
 * so an option has one home. There is no global state: each row's function gets the caller's
 * context.
 */
#pragma once

#include "error.h"

#include <stdbool.h>
#include <stdio.h>

struct option_row;

/* Take one option in; value is NULL for a flag without one, else "true"/"false" or the value.
 * Borrowed from argv. */
typedef int option_function(void *context, const struct option_row *row, const char *value,
                            struct error *err);

enum option_kind {
        OPTION_VALUE, /* needs a value */
        OPTION_FLAG,  /* takes none, or =BOOL */
};

struct option_row {
        const char *name; /* long name, without dashes; NULL ends the table */
        char letter;      /* short name, or 0 */
        enum option_kind kind;
        const char *argument; /* what --help calls the value, or NULL */
        const char *help;     /* one line; NULL hides the option from --help */
        option_function *take;
        size_t field; /* for take: offsetof() of the member it fills in, or any number it likes */
};

/*
 * Parse argv[1…argc-1]. With stop_early the first positional word ends the options. The positional
 * words are moved, in order, to argv[*ret_first…argc-1]. An unknown option is an error that
 * proposes the nearest.
 */
int option_parse(const struct option_row *table, bool stop_early, int argc, char **argv,
                 void *context, int *ret_first, struct error *err);

/* One aligned line for each row with help. */
void option_print_help(const struct option_row *table, FILE *out);

/* "true", "false" and their short forms as podman's command line takes them (1, 0, t, f, TRUE,
 * False …); NULL, a flag without one, is true. */
int option_parse_bool(const char *name, const char *value, bool *ret, struct error *err);

/* Ready functions for `take`: context + field is a char * (owned, last one wins), a struct strv, or
 * a bool. */
int option_take_string(void *context, const struct option_row *row, const char *value,
                       struct error *err);
int option_take_list(void *context, const struct option_row *row, const char *value,
                     struct error *err);
int option_take_bool(void *context, const struct option_row *row, const char *value,
                     struct error *err);
/* An int: seconds to wait, INT32_MAX for -1 (for ever). */
int option_take_timeout(void *context, const struct option_row *row, const char *value,
                        struct error *err);
/* Nothing: accepted, because it asks for what happens anyway or says how to show it. */
int option_take_nothing(void *context, const struct option_row *row, const char *value,
                        struct error *err);
