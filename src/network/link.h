/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links, addresses and routes by rtnetlink. A socket belongs to the network namespace in which it
 * was opened.
 */
#pragma once

#include "../base/error.h"
#include "address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_sock;

struct links {
        struct nl_sock *socket; /* owned */
};

/* Of the present namespace. */
int link_open(struct links *ret, struct error *err);
void link_close(struct links *links);

/* 0 where there is no such link. */
int link_index(const char *name);

/* One that is there already stays as it is. */
int link_make_bridge(struct links *links, const char *name, const unsigned char mac[6],
                     uint32_t mtu, struct error *err);
/* Let the bridge's ports belong to VLANs. */
int link_filter_vlans(struct links *links, int index, struct error *err);
/* One that is not there is no error. */
int link_delete(struct links *links, const char *name, struct error *err);

struct link_plan {
        const char *name;         /* in the container */
        const char *host_name;    /* of a veth's other end */
        int namespace;            /* the container's */
        int master;               /* index of the bridge; of macvlan and ipvlan, of the parent */
        uint32_t mtu;             /* 0: the kernel's */
        const unsigned char *mac; /* or NULL */
        const char *mode;         /* of macvlan and ipvlan, or NULL */
};

/* A pair: host_name on the bridge, name in the namespace; both are down. */
int link_make_veth(struct links *links, const struct link_plan *plan, struct error *err);
int link_make_macvlan(struct links *links, const struct link_plan *plan, struct error *err);
int link_make_ipvlan(struct links *links, const struct link_plan *plan, struct error *err);

/* Bring up a port of a bridge that sends back where it came from, for a container that reaches
 * itself by the host's address, and that has no address. vlan: 0, or what the port belongs to. */
int link_set_port(struct links *links, int index, uint16_t vlan, struct error *err);

int link_set_master(struct links *links, int index, int master, struct error *err);
int link_set_up(struct links *links, int index, struct error *err);
int link_add_address(struct links *links, int index, const struct address *address, unsigned prefix,
                     struct error *err);
/* One of IPv4 under a label of its own, which is as long as an interface's name may be. */
int link_add_labelled(struct links *links, int index, const struct address *address,
                      unsigned prefix, const char *label, struct error *err);
/* One that is not there is no error. */
int link_remove_address(struct links *links, int index, const struct address *address,
                        unsigned prefix, struct error *err);

struct link_route {
        struct subnet destination;
        const struct address *gateway; /* NULL: on the link */
        int index;
        uint32_t metric; /* 0: the kernel's */
        bool local;      /* to the table of the machine's own addresses */
};

int link_add_route(struct links *links, const struct link_route *route, struct error *err);

/* Append what the machine's routes lead to, and its links' subnets, but for default routes. */
int link_list_routes(struct links *links, struct subnet **ret, size_t *ret_count,
                     struct error *err);

/* Index of the link of the default route, 0 where there is none. */
int link_find_default(struct links *links);
