/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bridge of a network: made when the first container joins, there until the network is removed
 * or the machine stops. The caller holds the lock of networks. */
#pragma once

#include "../base/error.h"
#include "link.h"
#include "network.h"

/*
 * Make it, or make it whole; running containers of the network are plugged in again. What changes
 * on the machine as a whole is appended to notes. Returns its index.
 */
int bridge_ensure(struct links *links, const char *runtime, const struct network *network,
                  struct strv *notes, struct error *err);

/* Whether it is there and nothing is missing. */
bool bridge_is_up(const struct network *network);

/* Its MAC address tells that we have made it, and for which network: nobody else's goes with it. */
bool bridge_is_ours(const char *network, const char *interface);
/* The bridge that was made for it, whatever its definition says now; owned by the caller, NULL
 * where there is none. */
char *bridge_of(const char *network);
/* Remove it, if it is ours; *ret_others: it is not, and stays. One that is not there is no error.
 */
int bridge_delete(struct links *links, const char *network, const char *interface, bool *ret_others,
                  struct error *err);
