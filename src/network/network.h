/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The definition of a network: one JSON file each, STORE/networks/NAME.json, with the members that
 * `podman network inspect` prints (so its files are read as well), and one of our own:
 *
 *   name, id (64 hex digits), driver (bridge, macvlan, ipvlan), network_interface, created,
 *   subnets [{subnet, gateway, lease_range {start_ip, end_ip}}],
 *   routes [{destination, gateway, metric}], ipv6_enabled, internal, dns_enabled,
 *   network_dns_servers [], labels {}, options {}, ipam_options {driver}
 *   x_request   what `network create` was asked for; when that changes, the network is made anew
 *
 * Anything read is checked as if a stranger had written it.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "address.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

enum {
        NETWORK_INTERFACE_MAX = 15, /* letters of an interface's name */
};

#define NETWORK_DEFAULT "crunit" /* the network of those that name none */

enum network_driver {
        NETWORK_BRIDGE,
        NETWORK_MACVLAN,
        NETWORK_IPVLAN
};

struct network_subnet {
        struct subnet subnet;
        struct address gateway;     /* family 0: none */
        struct address_range range; /* what is given away; family 0: all of the subnet */
};

struct network_route {
        struct subnet destination;
        struct address gateway;
        uint32_t metric; /* 0: the kernel's choice */
};

/* What options {} says, typed. */
struct network_options {
        uint32_t mtu;    /* 0: the kernel's */
        uint32_t metric; /* of the default route; 0: the kernel's */
        uint16_t vlan;   /* 0: none */
        bool isolate;    /* not even by published ports of, or to, other networks */
        bool no_default_route;
        bool routed, masquerade; /* masquerade=false, =true; else by the subnets */
        bool unmanaged;          /* mode=unmanaged: somebody else looks after the bridge */
        const char *mode;        /* of macvlan and ipvlan; borrowed, or NULL */
        const char *parent;      /* borrowed, or NULL */
        const char *vrf;         /* borrowed, or NULL */
};

struct network {
        char *name, *id, *created; /* owned, as all here */
        enum network_driver driver;
        char *interface; /* the bridge; of macvlan and ipvlan, the parent, or NULL */
        struct network_subnet *subnets;
        size_t subnet_count;
        struct network_route *routes;
        size_t route_count;
        bool ipv6, internal, dns;
        bool no_addresses;       /* IPAM driver none */
        struct strv dns_servers; /* addresses */
        struct strv labels;      /* NAME=VALUE */
        struct strv options;     /* NAME=VALUE */
        char *request;           /* or NULL */
};

void network_free(struct network *network);
#define AUTO_NETWORK CLEANUP(network_free)

bool network_name_valid(const char *name);
/* The same for one that is made: what --network has another meaning for is no name either. EINVAL
 * with the reason. */
int network_check_name(const char *name, struct error *err);
bool network_interface_valid(const char *name);
const char *network_driver_name(enum network_driver driver);
int network_driver_parse(const char *name, enum network_driver *ret, struct error *err);

/* Append an empty one and return it, borrowed until the next call. */
struct network_subnet *network_add_subnet(struct network *network);
struct network_route *network_add_route(struct network *network);

/* Whether all members go together; gateways and ranges lie in their subnets. */
int network_check(const struct network *network, struct error *err);

/* options {}, which network_check() has found right. */
void network_read_options(const struct network *network, struct network_options *ret);

/* Whether it has a subnet of that family. */
bool network_has_family(const struct network *network, int family);

/* Owned by the caller. With request, our own member as well. */
struct json_object *network_to_json(const struct network *network, bool request);
/* Checks it as well. */
int network_from_json(struct json_object *object, struct network *ret, struct error *err);

/* ENOENT where there is none, EBADMSG where it cannot be read. storage: the store's directory. */
int network_load(const char *storage, const char *name, struct network *ret, struct error *err);
/* The name of the network that is meant by a name or the beginning of an id (one network's only);
 * ENOENT where there is none. Owned by the caller. */
int network_resolve(const char *storage, const char *text, char **ret, struct error *err);
int network_save(const char *storage, const struct network *network, struct error *err);
int network_delete(const char *storage, const char *name, struct error *err);
/* All names, sorted. */
int network_list(const char *storage, struct strv *ret, struct error *err);
