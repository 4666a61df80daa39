/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mapping of user or group ids, as user namespaces have it (user_namespaces(7)): ranges of ids
 * inside stand for ranges of the same length outside, in the parent namespace. A value; nothing of
 * the machine is asked or changed.
 *
 * Ids go from 0 to IDMAP_LAST; 4294967295 is none to the system calls.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdint.h>

enum {
        IDMAP_RANGES_MAX = 340, /* the kernel's limit */
        IDMAP_TEXT_MAX = 4095,  /* bytes that it takes at once */
};
#define IDMAP_LAST UINT32_C(4294967294)

struct idmap_range {
        uint32_t inside, outside, count;
};

struct idmap {
        struct idmap_range *ranges; /* owned */
        size_t count;
};

void idmap_free(struct idmap *map);
#define AUTO_IDMAP CLEANUP(idmap_free)
void idmap_copy(struct idmap *to, const struct idmap *from);
/* The same with inside and outside exchanged. */
void idmap_invert(const struct idmap *from, struct idmap *to);

/* One range as options have it: [+][u][g]INSIDE:[@]OUTSIDE[:COUNT]. */
struct idmap_word {
        struct idmap_range range;
        bool extend; /* it takes its ids away from the ranges before it */
        bool users;  /* for users alone */
        bool groups; /* for groups alone */
};

int idmap_parse_word(const char *text, struct idmap_word *ret, struct error *err);
/* COUNT can be left out; no flags but the @. */
int idmap_parse_range(const char *text, struct idmap_range *ret, struct error *err);
bool idmap_parse_id(const char *text, uint32_t *ret);

/* Append a range; where ids repeat, idmap_finish() says so. */
void idmap_add(struct idmap *map, const struct idmap_range *range);
/* Append a range, and take its ids, inside and outside, away from those that are there. */
void idmap_extend(struct idmap *map, const struct idmap_range *range);

/* Bring the ranges in order, join neighbours, and refuse what the kernel would not take. */
int idmap_finish(struct idmap *map, struct error *err);

/* False where the id is not mapped. */
bool idmap_to_outside(const struct idmap *map, uint32_t inside, uint32_t *ret);
bool idmap_to_inside(const struct idmap *map, uint32_t outside, uint32_t *ret);

/* Every id it has is the same inside and outside. */
bool idmap_is_identity(const struct idmap *map);
bool idmap_equal(const struct idmap *a, const struct idmap *b);

/* One range a line, as in /proc/PID/uid_map; and back. */
char *idmap_text(const struct idmap *map);
int idmap_from_text(const char *text, struct idmap *ret, struct error *err);
