/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the container files that were found to the directory of units, by one process or by two
 * (partner.h): units, links and messages are the same. Where a unit cannot be written, no link
 * leads to it.
 */
#pragma once

#include "../src/unit/report.h"
#include "../src/unit/search.h"
#include "output.h"

#include <stdbool.h>

struct maker {
        const char *name;            /* borrowed; what the units say they were made by */
        bool is_user;                /* for a user's own manager */
        const struct output *output; /* borrowed; NULL: print the units */
        const char *directory;       /* borrowed; its name, for messages */
};

/* Make all units. Messages are reported at the end, in the order of the stages of the work. */
void maker_run(const struct maker *maker, const struct search *search, struct report *report);
