/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of containers. Each network that has a name service and a container has an instance of
 * crunit-dns@.service, which runs dnsmasq on the addresses of its bridge. What it reads is in
 * RUNTIME/network/names/NETWORK/:
 *
 *   dnsmasq.conf   written when the first container comes, and before each start of the service
 *                  that a container's start asks for
 *   hosts/LABEL    the addresses and names of one container, in the form of hosts(5): dnsmasq sees
 *                  by itself when one comes or goes, and goes on answering meanwhile
 *   forwards       whom to ask for names of other networks: a container on several of them asks
 *                  one server first and believes its no
 *
 * Beside it are those of forwarders (forwarder.h), for containers that bring servers of their own.
 *
 * A container finds another as NAME, NAME.dns.podman and NAME.NETWORK.dns.podman.
 */
#pragma once

#include "../base/error.h"
#include "join.h"
#include "network.h"

#define NAMES_DOMAIN "dns.podman"

struct links;

/* --- values; texts are owned by the caller */

/* Whether the network is to have a name service: it has a bridge of ours with an address. */
bool names_wanted(const struct network *network);
/* What makes an instance that forwards (forwarder.h) different; borrowed. */
struct names_own {
        const char *label; /* of the address where it listens */
        const struct strv *servers;
};

/* The configuration of the service that serves the names in that directory. resolv_conf: the
 * machine's own, in a directory that exists. own: NULL for the network's own service. */
char *names_config(const struct network *network, const char *directory, const char *resolv_conf,
                   const struct names_own *own);
/* The lines of one container; "" where it has no name that DNS can carry. */
char *names_hosts(const struct joined_network *joined);
/* The lines of `forwards` for a network, from one container on it; "" where that is on no other. */
char *names_forwards(const struct joined *member, const char *network);
/* Domains to search, appended to ret; nothing where no network has a name service. */
void names_search(const struct joined *joined, struct strv *ret);

/* --- the act; the caller holds the lock of networks */

struct names_start {
        int start, reload; /* processes that wait for services, or 0 */
        struct strv units; /* that are started */
        bool again;        /* one of them still runs, and is about to be stopped */
};

/* Whether this machine can serve names; false is for a note of its own. */
bool names_available(void);

/* Write the names of a container down, and have services started that are not there. One start at
 * a time, which names_finish() ends. */
int names_add(const char *runtime, struct links *links, const struct network *networks,
              const struct joined *joined, struct names_start *ret, struct error *err);
/* Write the names of a container of a pod down, whose network has a service that runs. */
int names_share(const char *runtime, const struct joined *joined, struct error *err);
/* Wait until they answer, though not for ever; what failed is appended to notes. Needs no lock. */
void names_finish(struct names_start *start, struct strv *notes);

/* Remove a container's names, and have services stopped that nobody uses any more. */
void names_remove(const char *runtime, const char *storage, const char *label);
