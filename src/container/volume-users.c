/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume-users.h"

void volume_users(const struct census *census, const char *name, struct strv *ret)
{
        for (size_t i = 0; i < census->count; i++) {
                const struct census_item *item = &census->items[i];

                if ((item->alive || item->kept) && strv_contains(&item->state.volumes, name) &&
                    !strv_contains(ret, census_word(census, i)))
                        strv_append(ret, census_word(census, i));
        }
}
