/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The act: a container's networks made and taken back.
 *
 * Order, so that whatever is killed can be found again: leases (idle ones harm nobody), the
 * member's file, the ports' file, the firewall, the bridge; then without the lock the links, which
 * go with their namespace by themselves. The namespace is there before all that, empty.
 */
#pragma once

#include "../base/error.h"
#include "elements.h"
#include "join.h"
#include "lease.h"
#include "link.h"
#include "pool.h"

struct connect_context {
        const char *storage, *runtime; /* directories; borrowed, as all here */
        const struct pools *pools;
        struct subnet default_subnet; /* of the default network, if it is free */
        lease_alive_function *alive;  /* whether a container of that label runs; no context */
        /* Told what the container gets, and its namespace, as soon as that is settled: it may be
         * made meanwhile, but not started. NULL: nobody is. */
        void (*announce)(void *context, const struct joined *joined, int namespace);
        void *announce_context;
};

/* What every join needs, and may have before it is known what is to be joined. */
struct connect_ready {
        struct links links;       /* of the host */
        struct links inside;      /* of the namespace */
        struct elements elements; /* of the firewall */
        int host, namespace;
};

/* Ready or not, connect_release() frees it. */
int connect_prepare(struct connect_ready *ret, struct error *err);
void connect_release(struct connect_ready *ready);
#define CONNECT_UNREADY                                                                            \
        {                                                                                          \
                .host = -1, .namespace = -1                                                        \
        }

/* The namespace is the caller's descriptor, and goes with the last one of its kind. On failure
 * nothing is left. */
int connect_join(const struct connect_context *context, const struct join_request *request,
                 struct joined *ret, int *ret_namespace, struct error *err);
/* The same with what is ready; the namespace remains there. */
int connect_join_ready(const struct connect_context *context, const struct join_request *request,
                       struct connect_ready *ready, struct joined *ret, struct error *err);

/* Take back what is held for a label; nothing is held for one that is unknown. */
int connect_leave(const struct connect_context *context, const char *label, struct error *err);

/* The same for all labels whose containers are gone. */
void connect_sweep(const struct connect_context *context);

/* Load the firewall's table anew with all networks there are. The caller holds the lock. */
int connect_load_firewall(const struct connect_context *context, struct error *err);
