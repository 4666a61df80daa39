/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a container gets its networks, as two values: what is asked for, and what came of it. Both
 * travel as JSON between `crunit` and `crunit-network` (attach.h), and the second one is also the
 * file that says who is on which network (member.h).
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "address.h"

#include <stdbool.h>

struct json_object;

/* NAME[:ip=ADDRESS,mac=…,alias=…,interface_name=…] */
struct join_network {
        char *network; /* owned, as all strings here; "bridge" and "default" stand for the
                          default one */
        struct address ip, ip6;
        char *mac;       /* checked, or NULL */
        char *interface; /* in the container; NULL: eth0, eth1, … */
        struct strv aliases;
};

struct join_request {
        char *storage, *runtime; /* directories: of the store, "/run/crunit" */
        char *label;             /* NAME@UNIT, as the container's run directory is called */
        char *name, *id;
        char *namespace;     /* path of the namespace to make it in, which is empty; or NULL */
        bool forget;         /* its leases end with it: it has no name to come back with */
        struct strv aliases; /* on all networks */
        struct strv ports;   /* as in port.h */
        struct strv servers; /* addresses of name servers of its own */
        struct join_network *networks;
        size_t network_count;
};

void join_request_free(struct join_request *request);
#define AUTO_JOIN CLEANUP(join_request_free)
void join_network_free(struct join_network *network);

/* What stands behind --network. */
int join_network_parse(const char *text, struct join_network *ret, struct error *err);
/* Append an empty one and return it, borrowed until the next call. */
struct join_network *join_add_network(struct join_request *request);

struct json_object *join_request_to_json(const struct join_request *request);
int join_request_from_json(struct json_object *object, struct join_request *ret, struct error *err);

/* One network of a container. */
struct joined_network {
        char *network;
        char *interface;      /* in the container */
        char *host_interface; /* the other end; NULL where there is none */
        char *mac;
        struct strv addresses; /* "10.89.0.2/24" */
        struct strv gateways;  /* addresses of the network's gateway, one of each family at most */
        struct strv names;     /* by which others on it find the container: name, aliases, id */
        bool dns;              /* the network has a name service */
};

/*
 * JSON: {label, name, id, forget, pod, networks [{network, interface, host_interface, mac,
 * addresses [], gateways [], names [], dns}], ports ["0.0.0.0:8080->80/tcp"], nameservers [],
 * servers [], forwarder}, and in the answer to a request notes [] for the user.
 */
struct joined {
        char *label, *name, *id;
        bool forget;
        char *pod; /* the name of the pod whose addresses these are, or NULL */
        struct joined_network *networks;
        size_t network_count;
        struct strv ports;
        struct strv published;   /* the same as lines of the file of published.h */
        struct strv nameservers; /* for resolv.conf; empty: the host's */
        struct strv servers;     /* of its own, in whose place the nameservers stand */
        char *forwarder;         /* who asks those (forwarder.h), at nameservers[0]; or NULL */
        struct strv notes;
};

void joined_free(struct joined *joined);
#define AUTO_JOINED CLEANUP(joined_free)
struct joined_network *joined_add_network(struct joined *joined);
struct json_object *joined_to_json(const struct joined *joined);
int joined_from_json(struct json_object *object, struct joined *ret, struct error *err);
