/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All containers there are, for those who list them. */
#pragma once

#include "../base/error.h"
#include "state.h"

#include <stddef.h>

struct census_item {
        struct container_state state;
        char *label; /* owned; NAME@UNIT */
        char *run;   /* owned; where its state stands: the run directory, or what is kept of it */
        bool alive;  /* some process stands behind it */
        bool kept;   /* only what it wrote is there */
};

struct census {
        struct census_item *items; /* owned */
        size_t count;
};

void census_free(struct census *census);
#define AUTO_CENSUS CLEANUP(census_free)

/* Those that live; with the store's directory as storage, also those that have ended and left
 * something. warn is called for a state that cannot be read: the others are listed all the same. */
int census_take(const char *storage_or_null, void (*warn)(const char *line), struct census *ret,
                struct error *err);

/* What means this one and no other: its name, or its id where another has that name as well (one
 * that has ended by hand, and one of a unit). Borrowed. */
const char *census_word(const struct census *census, size_t index);

/* "running", "paused", "created", "exited". */
const char *census_status_of(const struct container_state *state);
const char *census_status(const struct census_item *item);
