/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks, the containers on them, and the ports those publish, as a picture: a tree for people, a
 * graph for dot(1) of graphviz, or JSON. All three show the same, in the order of the lists.
 *
 * JSON: {"networks": [{name, driver, interface, subnets [], internal, dns, containers [{name, id,
 * unit, interface, addresses [], ports [{address, host, container, count, protocol}]}]}]}; unit is
 * missing for a container that no unit started, address is "*" for all of both families.
 */
#pragma once

#include "join.h"
#include "network.h"
#include "published.h"

struct graph {
        const struct network *networks; /* borrowed, as all here */
        size_t network_count;
        const struct joined *members; /* those that run */
        size_t member_count;
        const struct published_list *ports; /* of anybody */
};

/* Owned by the caller, as the others. utf8: with lines, else with what ASCII has for them. */
char *graph_tree(const struct graph *graph, bool utf8);
char *graph_dot(const struct graph *graph);
struct json_object *graph_json(const struct graph *graph);
