/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool.h"

#include "../base/str.h"

#include <netinet/in.h>
#include <sys/random.h>

enum {
        ULA_PREFIX = 64,
        ULA_RANDOM = 5, /* bytes behind the fd of a global id */
        ULA_TRIES = 100,
};

void pools_free(struct pools *pools)
{
        free(pools->items);
        *pools = (struct pools){ 0 };
}

/* One of the used ones that it overlaps, or NULL. */
static const struct subnet *pool_find_used(const struct subnet *subnet, const struct subnet *used,
                                           size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (subnet_overlaps(subnet, &used[i]))
                        return &used[i];
        return NULL;
}

/* How many pieces further on the one behind this used subnet is. */
static uint64_t pool_step(const struct pool *pool, const struct subnet *used)
{
        unsigned bits = used->prefix < pool->size ? pool->size - used->prefix : 0;

        return bits < 63 ? (uint64_t)1 << bits : UINT64_MAX;
}

int pools_cut(const struct pools *pools, int family, const struct subnet *used, size_t used_count,
              struct subnet *ret, struct error *err)
{
        for (size_t i = 0; i < pools->count; i++) {
                const struct pool *pool = &pools->items[i];
                const struct subnet *taken;
                struct subnet piece;
                uint64_t number = 0, step;

                while (pool->base.base.family == family &&
                       subnet_piece(&pool->base, pool->size, number, &piece)) {
                        taken = pool_find_used(&piece, used, used_count);
                        if (!taken) {
                                *ret = piece;
                                return 0;
                        }
                        step = pool_step(pool, taken);
                        if (step > UINT64_MAX - number)
                                break;
                        number = number - number % step + step;
                }
        }
        return error_set(err, ENOSPC,
                         "no subnet is free in the pools: give one with --subnet, or more pools "
                         "in crunit.conf");
}

int pools_make_ula(const struct subnet *used, size_t used_count, struct subnet *ret,
                   struct error *err)
{
        struct subnet subnet = { .base.family = AF_INET6, .prefix = ULA_PREFIX };

        for (unsigned i = 0; i < ULA_TRIES; i++) {
                subnet.base.bytes[0] = 0xfd;
                if (getrandom(subnet.base.bytes + 1, ULA_RANDOM, 0) != ULA_RANDOM)
                        abort();
                if (pool_find_used(&subnet, used, used_count))
                        continue;
                *ret = subnet;
                return 0;
        }
        return error_set(err, ENOSPC,
                         "no subnet of IPv6 is free: give one with --subnet, or pools of IPv6 in "
                         "crunit.conf");
}
