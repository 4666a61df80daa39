/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks by --filter. */
#pragma once

#include "../network/network.h"
#include "network-setup.h"

struct network_list {
        struct network *items; /* owned */
        size_t count;
};

void network_list_free(struct network_list *list);

/* All definitions that every filter lets through (of several with one name, one is enough). A
 * definition that cannot be read is a warning. */
int network_filter_list(const struct network_setup *setup, const struct strv *filters,
                        struct network_list *ret, struct error *err);
