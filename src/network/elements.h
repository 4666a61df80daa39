/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Elements of the firewall's maps, by nfnetlink itself: a transaction of one or a thousand ports is
 * one message to the kernel and one answer, without reading the ruleset first.
 */
#pragma once

#include "../base/error.h"
#include "firewall.h"

struct nl_sock;

struct elements {
        struct nl_sock *socket; /* owned */
};

int elements_open(struct elements *ret, struct error *err);
/* Closing after elements were removed waits for the kernel, ten milliseconds or so. */
void elements_close(struct elements *elements);

/* Whether the table is there, with this version's rules and this bridge. */
bool elements_have_bridge(struct elements *elements, const char *interface);

/* Add all elements of the ports, or none: ENOENT without the table, EEXIST where one is there with
 * another target. */
int elements_add(struct elements *elements, const struct published_list *ports, struct error *err);

/* Remove them; what is not there is no error. */
int elements_remove(struct elements *elements, const struct published_list *ports,
                    struct error *err);
