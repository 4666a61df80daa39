/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The act: a container's networks made and taken back.
 *
 * Order, so that whatever is killed can be found again: leases (idle ones harm nobody), the
 * member's file, the ports' file, the firewall, the bridge; then without the lock the namespace
 * and the links in it, which go with it by themselves.
 */
#pragma once

#include "../base/error.h"
#include "join.h"
#include "lease.h"
#include "pool.h"

struct connect_context {
        const char *storage, *runtime; /* directories; borrowed, as all here */
        const struct pools *pools;
        struct subnet default_subnet; /* of the default network, if it is free */
        lease_alive_function *alive;  /* whether a container of that label runs; no context */
};

/* The namespace is the caller's descriptor, and goes with the last one of its kind. On failure
 * nothing is left. */
int connect_join(const struct connect_context *context, const struct join_request *request,
                 struct joined *ret, int *ret_namespace, struct error *err);

/* Take back what is held for a label; nothing is held for one that is unknown. */
int connect_leave(const struct connect_context *context, const char *label, struct error *err);

/* The same for all labels whose containers are gone. */
void connect_sweep(const struct connect_context *context);

/* Load the firewall's table anew with all networks there are. The caller holds the lock. */
int connect_load_firewall(const struct connect_context *context, struct error *err);
