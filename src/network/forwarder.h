/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A name service for containers with servers of their own (--dns). On the first network that has
 * names, such a container asks another address of the bridge, where a second instance of
 * crunit-dns@.service knows the same names and asks those servers for the rest. Containers on that
 * network with the same servers share it. Its name is NETWORK@DIGITS, made from the servers, and
 * its files are in RUNTIME/network/names/NETWORK@DIGITS/:
 *
 *   dnsmasq.conf   written when the first container comes
 *   address        where it listens; leased (lease.h) by the label "@@NETWORK@DIGITS"
 *   users/LABEL    whom it is there for
 *
 * The address has a label: dnsmasq told of that listens there alone, and the network's own one,
 * told of the bridge, everywhere else. Neither answers what comes in by another interface. Labels
 * are IPv4's; on a network without it, such a container asks its servers itself.
 */
#pragma once

#include "../base/error.h"
#include "join.h"
#include "lease.h"
#include "link.h"
#include "names.h"

/* --- values; texts are owned by the caller */

char *forwarder_name(const char *network, const struct strv *servers);
/* The name behind a label of leases, borrowed; NULL where it is another's. */
const char *forwarder_of_label(const char *label);

/* --- the act; the caller holds the lock of networks */

bool forwarder_alive(const char *runtime, const char *name);
/* Its address; ENOSPC where none is left, ENOENT where the network has none for it. */
int forwarder_lease(const char *storage, const struct network *network, const char *name,
                    lease_alive_function *alive, struct address *ret, struct error *err);
/* That of joined; its unit is started where it does not run. */
int forwarder_add(const char *runtime, struct links *links, const struct network *network,
                  const struct joined *joined, struct names_start *start, struct error *err);
/* What a container used it for; its unit is appended to stops where nobody else does. */
void forwarder_remove(const char *runtime, const char *storage, const char *name, const char *label,
                      struct strv *stops);
/* The names of all of a network, appended. */
void forwarder_list(const char *runtime, const char *network, struct strv *ret);
/* The bridge is a new one: give it the addresses. */
int forwarder_add_addresses(const char *runtime, struct links *links, int index,
                            const char *network, struct error *err);
