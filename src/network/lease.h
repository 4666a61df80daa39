/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has which address: symbolic links STORE/networks/NETWORK.leases/ADDRESS -> LABEL, made at
 * once or not at all. A lease outlives its container, so that the same one gets the same address
 * again, which it finds by a note beside it (4=LABEL or 6=LABEL -> ADDRESS; the lease is the
 * truth); whether it is in use, the caller knows. When none is left that never was given away, the
 * one goes that has been idle for longest. The caller holds the lock of networks (member.h).
 */
#pragma once

#include "../base/error.h"
#include "network.h"

/* Whether a container with this label runs. */
typedef bool lease_alive_function(void *context, const char *label);

struct lease_request {
        const char *storage;                 /* the store's directory */
        const struct network *network;       /* borrowed, as all here */
        const struct network_subnet *subnet; /* one of the network's */
        const char *label;
        const struct address *wanted; /* static, or NULL */
        lease_alive_function *alive;
        void *context;
};

/* EADDRINUSE where a static one is another's, ENOSPC where none is left, EINVAL where it is none
 * for a container. */
int lease_take(const struct lease_request *request, struct address *ret, struct error *err);

/* Forget it, if it is this label's. */
void lease_forget(const char *storage, const char *network, const struct address *address,
                  const char *label);
