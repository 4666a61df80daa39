/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities (capabilities(7)) by name, and sets of them as bit masks. */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdint.h>

/* The canonical name ("CAP_NET_RAW") for a name in any case, with or without cap_; "ALL" for all;
 * NULL where there is none. Static. */
const char *caps_canonical(const char *name);

/* The names nearest to a wrong one, for messages; NULL where none is near. Static. */
const char *caps_nearest(const char *name);

/* The name of a number, or NULL. Static. */
const char *caps_name(unsigned number);

/* The mask of a list of canonical names; ALL is every bit. */
uint64_t caps_mask(const struct strv *names);

/* What a container has when nothing is said. */
uint64_t caps_default(void);

/*
 * The container's set: the default ones, or all where all is added, or none where all are dropped,
 * then what is added and without what is dropped, whatever the order they were written in. bounding
 * is what we can give at most: a capability asked for by name and not in it is an error.
 */
int caps_combine(const struct strv *add, const struct strv *drop, uint64_t bounding, uint64_t *ret,
                 struct error *err);
