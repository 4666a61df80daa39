/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the subnets of networks come from that name none. */
#pragma once

#include "../base/error.h"
#include "address.h"

#include <stddef.h>

struct pool {
        struct subnet base;
        unsigned size; /* the prefix of each piece */
};

struct pools {
        struct pool *items; /* owned */
        size_t count;
};

void pools_free(struct pools *pools);
#define AUTO_POOLS CLEANUP(pools_free)

/* The first piece of that family that overlaps nothing in use; ENOSPC where there is none. */
int pools_cut(const struct pools *pools, int family, const struct subnet *used, size_t used_count,
              struct subnet *ret, struct error *err);

/* A /64 of a random fd00::/8 prefix (RFC 4193) that overlaps nothing in use; ENOSPC where nearly
 * all of them is. */
int pools_make_ula(const struct subnet *used, size_t used_count, struct subnet *ret,
                   struct error *err);
