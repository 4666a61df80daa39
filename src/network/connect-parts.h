/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What connect.c, leave.c, nameservers.c, plug.c and publish.c share; for them alone. */
#pragma once

#include "connect.h"
#include "names.h"
#include "network.h"
#include "published.h"

/* The addresses of a container on one network; family 0: none. */
struct connect_addresses {
        struct address v4, v6;
        unsigned prefix4, prefix6;
};

struct connection {
        const struct connect_context *context;
        const struct join_request *request;
        struct network *networks; /* as many as the request has; owned */
        struct network_options *options;
        struct connect_addresses *addresses;
        int *masters; /* indexes of bridges and parents */
        struct joined joined;
        struct published_list ports; /* this container's */
        struct connect_ready *ready; /* borrowed */
        struct names_start names;
};

/* With the lock held. */
int leave_locked(const struct connect_context *context, const char *label, struct error *err);

/* With the lock held: whom to ask for names, of what is described already. */
int nameservers_describe(struct connection *connection, struct error *err);

/* With the lock held: choose and check the ports, and note them in all places but the firewall. */
int publish_claim(struct connection *connection, struct error *err);
/* With the lock held: have the firewall know the networks and the ports. */
int publish_act(struct connection *connection, struct error *err);

/* Make the namespace, with nothing in it but lo. This process stays in the host's. */
int plug_prepare(struct connect_ready *ready, struct error *err);
/* Take another one in its place, which is as empty. */
int plug_replace_namespace(struct connect_ready *ready, const char *path, struct error *err);
/* Make the links in it. */
int plug_container(struct connection *connection, struct error *err);
