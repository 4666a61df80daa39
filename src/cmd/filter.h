/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --filter NAME=VALUE of commands that list things: a table of kinds, and what several of them
 * have. */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>

/* 1: the subject passes, 0: not, -1: the value is none. */
typedef int filter_function(const void *subject, const char *value, struct error *err);

/* 0, or -1: no subject has such a value. */
typedef int filter_check_function(const char *value, struct error *err);

struct filter_kind {
        const char *name; /* NULL ends the table */
        filter_function *passes;
        bool all; /* all filters of this kind have to let it through, not just one of them */
        const char *const *values;    /* what it may be, NULL-terminated; NULL: anything */
        filter_check_function *check; /* where it cannot be listed; NULL: passes tells */
};

/* Every filter is one of the table's, with a value that it may have. */
int filter_check(const struct filter_kind *kinds, const struct strv *filters, struct error *err);

/* Whether the filters of each kind that is asked for let it through: 1, 0 or -1. */
int filter_passes(const struct filter_kind *kinds, const struct strv *filters, const void *subject,
                  struct error *err);

/* NAME or NAME=VALUE is among the words. */
int filter_words(const struct strv *words, const char *value);

/* The values of dangling=, and whether it is what is asked for. */
extern const char *const filter_truths[];
int filter_dangling(bool dangling, const char *value);

/* Made before a time, or longer ago than a span such as 10m or 24h. created is RFC 3339, or NULL.
 */
int filter_check_until(const char *value, struct error *err);
int filter_until(const char *created, const char *value, struct error *err);
