/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The firewall: one nftables table, `inet crunit`, whose rules never change; what changes are the
 * elements of its sets and maps. A container's start or stop adds or removes the elements of its
 * published ports (elements.h). The script made here replaces the whole table at once, with all
 * that is known, and is for the rest: a new network, a table that somebody flushed, a new version
 * of the rules. The caller holds the lock of networks.
 */
#pragma once

#include "../base/error.h"
#include "network.h"
#include "published.h"

#include <stddef.h>

#define FIREWALL_TABLE "crunit"
/* All bridges. Its name counts the versions of the rules: a table without it is an old one. */
#define FIREWALL_BRIDGES "bridges_v1"

/* One element of a published port's map. */
struct firewall_element {
        const char *map;        /* static: pub_any4 … */
        unsigned char protocol; /* IPPROTO_… */
        struct address address; /* of the host, in the maps whose key has one; else family 0 */
        uint16_t port;          /* of the host */
        struct address to;
        uint16_t to_port;
};

/* The elements of a published port, one after the other: call with *number = 0, then until it
 * returns false. */
bool firewall_next_element(const struct published *published, uint32_t *number,
                           struct firewall_element *ret);

/* The script for nft: the table with all networks and ports, or none where there are none. Owned by
 * the caller. */
char *firewall_script(const struct network *networks, size_t network_count,
                      const struct published_list *ports);

/* Have crunit-firewall load a script. */
int firewall_load(const char *script, struct error *err);
