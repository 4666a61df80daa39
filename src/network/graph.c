/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph.h"

#include "../base/json.h"
#include "names.h"

/* A container on one network. */
struct graph_place {
        const struct joined *member;
        const struct joined_network *on;
};

struct graph_places {
        struct graph_place *items; /* owned */
        size_t count;
};

static void graph_places_free(struct graph_places *places)
{
        free(places->items);
}

static void graph_find_places(const struct graph *graph, const struct network *network,
                              struct graph_places *ret)
{
        ret->items = alloc_zero(graph->member_count + 1, sizeof *ret->items);
        for (size_t i = 0; i < graph->member_count; i++) {
                const struct joined *member = &graph->members[i];

                for (size_t j = 0; j < member->network_count; j++)
                        if (str_equal(member->networks[j].network, network->name))
                                ret->items[ret->count++] =
                                        (struct graph_place){ member, &member->networks[j] };
        }
}

static bool graph_has_address(const struct joined_network *on, const struct address *address)
{
        char text[ADDRESS_TEXT];

        if (!address->family)
                return false;
        address_format(address, text);
        for (size_t i = 0; i < on->addresses.count; i++) {
                const char *rest = str_after(on->addresses.items[i], text);

                if (rest && (!*rest || *rest == '/'))
                        return true;
        }
        return false;
}

/* A port leads to the container by one of its networks. */
static bool graph_leads(const struct published *port, const struct graph_place *place)
{
        return str_equal(port->label, place->member->label) &&
               (graph_has_address(place->on, &port->to4) ||
                graph_has_address(place->on, &port->to6));
}

static size_t graph_count_ports(const struct graph *graph, const struct graph_place *place)
{
        size_t count = 0;

        for (size_t i = 0; i < graph->ports->count; i++)
                count += graph_leads(&graph->ports->items[i], place);
        return count;
}

/* "web.service", or NULL. */
static char *graph_unit(const struct joined *member)
{
        const char *unit = strchr(member->label, '@');

        return unit && unit != member->label && unit[1] ? str_format("%s.service", unit + 1) : NULL;
}

static void graph_append_addresses(struct strbuf *text, const char *between,
                                   const struct joined_network *on)
{
        for (size_t i = 0; i < on->addresses.count; i++) {
                const char *address = on->addresses.items[i];

                strbuf_append(text, between);
                strbuf_append_n(text, address, strcspn(address, "/"));
        }
}

/* --- a tree */

static const struct graph_signs {
        const char *branch, *last, *line, *space;
} graph_signs[] = {
        { "|-", "`-", "| ", "  " },
        { "├─", "└─", "│ ", "  " },
};

static void graph_tree_network(struct strbuf *text, const struct network *network)
{
        char subnet[ADDRESS_TEXT];

        strbuf_appendf(text, "%s: %s", network->name, network_driver_name(network->driver));
        if (network->interface)
                strbuf_appendf(text, " %s", network->interface);
        for (size_t i = 0; i < network->subnet_count; i++)
                strbuf_appendf(text, ", %s", subnet_format(&network->subnets[i].subnet, subnet));
        strbuf_append(text, network->internal ? ", internal\n" : "\n");
}

static void graph_tree_ports(struct strbuf *text, const struct graph *graph,
                             const struct graph_place *place, const struct graph_signs *signs,
                             const char *before)
{
        size_t left = graph_count_ports(graph, place);

        for (size_t i = 0; i < graph->ports->count; i++) {
                AUTO_FREE char *port = NULL;

                if (!graph_leads(&graph->ports->items[i], place))
                        continue;
                port = port_format(&graph->ports->items[i].port);
                strbuf_appendf(text, "%s%s%s\n", before, --left ? signs->branch : signs->last,
                               port);
        }
}

static void graph_tree_place(struct strbuf *text, const struct graph *graph,
                             const struct graph_place *place, const struct graph_signs *signs,
                             bool is_last)
{
        AUTO_FREE char *unit = graph_unit(place->member);

        strbuf_appendf(text, "%s%s", is_last ? signs->last : signs->branch, place->member->name);
        graph_append_addresses(text, " ", place->on);
        if (unit)
                strbuf_appendf(text, " (%s)", unit);
        strbuf_append_char(text, '\n');
        graph_tree_ports(text, graph, place, signs, is_last ? signs->space : signs->line);
}

char *graph_tree(const struct graph *graph, bool utf8)
{
        struct strbuf text = { 0 };

        for (size_t i = 0; i < graph->network_count; i++) {
                CLEANUP(graph_places_free) struct graph_places places = { 0 };

                graph_tree_network(&text, &graph->networks[i]);
                graph_find_places(graph, &graph->networks[i], &places);
                for (size_t j = 0; j < places.count; j++)
                        graph_tree_place(&text, graph, &places.items[j], &graph_signs[utf8],
                                         j + 1 == places.count);
        }
        return strbuf_steal(&text);
}

/* --- for dot */

/* A quoted string of dot's; what begins with a backslash is its own in there. */
static void graph_dot_quote(struct strbuf *text, const char *kind, const char *name)
{
        strbuf_appendf(text, "\"%s", kind);
        for (; *name; name++) {
                if (*name == '"' || *name == '\\')
                        strbuf_append_char(text, '\\');
                strbuf_append_char(text, *name);
        }
        strbuf_append_char(text, '"');
}

static void graph_dot_network(struct strbuf *text, const struct network *network)
{
        char subnet[ADDRESS_TEXT];

        strbuf_append(text, "\t");
        graph_dot_quote(text, "network ", network->name);
        strbuf_appendf(text, " [shape=ellipse%s, label=\"%s",
                       network->internal ? ", style=dashed" : "", network->name);
        for (size_t i = 0; i < network->subnet_count; i++)
                strbuf_appendf(text, "\\n%s", subnet_format(&network->subnets[i].subnet, subnet));
        strbuf_append(text, "\"];\n");
}

static void graph_dot_ports(struct strbuf *text, const struct graph *graph,
                            const struct graph_place *place)
{
        for (size_t i = 0; i < graph->ports->count; i++) {
                AUTO_FREE char *port = NULL;

                if (!graph_leads(&graph->ports->items[i], place))
                        continue;
                port = port_format(&graph->ports->items[i].port);
                strbuf_append(text, "\t");
                graph_dot_quote(text, "port ", port);
                strbuf_append(text, " [shape=plaintext, label=");
                graph_dot_quote(text, "", port);
                strbuf_append(text, "];\n\t");
                graph_dot_quote(text, "port ", port);
                strbuf_append(text, " -> ");
                graph_dot_quote(text, "container ", place->member->label);
                strbuf_append(text, ";\n");
        }
}

static void graph_dot_place(struct strbuf *text, const struct graph *graph,
                            const struct graph_place *place)
{
        AUTO_STRBUF struct strbuf addresses = { 0 };

        graph_append_addresses(&addresses, "\\n", place->on);
        strbuf_append(text, "\t");
        graph_dot_quote(text, "container ", place->member->label);
        strbuf_append(text, " -> ");
        graph_dot_quote(text, "network ", place->on->network);
        /* Without the first line break. */
        strbuf_appendf(text, " [dir=none, label=\"%s\"];\n",
                       addresses.length ? addresses.data + strlen("\\n") : "");
        graph_dot_ports(text, graph, place);
}

static bool graph_is_on_any(const struct graph *graph, const struct joined *member)
{
        for (size_t i = 0; i < graph->network_count; i++)
                for (size_t j = 0; j < member->network_count; j++)
                        if (str_equal(member->networks[j].network, graph->networks[i].name))
                                return true;
        return false;
}

/* Each container once, whatever number of networks it is on. */
static void graph_dot_containers(struct strbuf *text, const struct graph *graph)
{
        for (size_t i = 0; i < graph->member_count; i++) {
                if (!graph_is_on_any(graph, &graph->members[i]))
                        continue;
                strbuf_append(text, "\t");
                graph_dot_quote(text, "container ", graph->members[i].label);
                strbuf_append(text, " [label=");
                graph_dot_quote(text, "", graph->members[i].name);
                strbuf_append(text, "];\n");
        }
}

char *graph_dot(const struct graph *graph)
{
        struct strbuf text = { 0 };

        strbuf_append(&text, "digraph crunit {\n\trankdir=LR;\n\tnode [shape=box];\n");
        graph_dot_containers(&text, graph);
        for (size_t i = 0; i < graph->network_count; i++) {
                CLEANUP(graph_places_free) struct graph_places places = { 0 };

                graph_dot_network(&text, &graph->networks[i]);
                graph_find_places(graph, &graph->networks[i], &places);
                for (size_t j = 0; j < places.count; j++)
                        graph_dot_place(&text, graph, &places.items[j]);
        }
        strbuf_append(&text, "}\n");
        return strbuf_steal(&text);
}

/* --- as JSON */

static void graph_json_port(const struct port *port, struct json_object *list)
{
        struct json_object *object = json_object_new_object();
        char address[ADDRESS_TEXT] = "*";

        if (port->address.family)
                address_format(&port->address, address);
        json_set_string(object, "address", address);
        json_object_object_add(object, "host", json_object_new_int(port->host));
        json_object_object_add(object, "container", json_object_new_int(port->container));
        json_object_object_add(object, "count", json_object_new_int(port->count));
        json_set_string(object, "protocol", port_protocol_name(port->protocol));
        json_object_array_add(list, object);
}

static void graph_json_place(const struct graph *graph, const struct graph_place *place,
                             struct json_object *list)
{
        AUTO_FREE char *unit = graph_unit(place->member);
        struct json_object *object = json_object_new_object(), *ports;

        json_set_string(object, "name", place->member->name);
        json_set_string(object, "id", place->member->id);
        json_set_string(object, "unit", unit);
        json_set_string(object, "interface", place->on->interface);
        json_set_strv(object, "addresses", &place->on->addresses);
        ports = json_add_array(object, "ports");
        for (size_t i = 0; i < graph->ports->count; i++)
                if (graph_leads(&graph->ports->items[i], place))
                        graph_json_port(&graph->ports->items[i].port, ports);
        json_object_array_add(list, object);
}

static struct json_object *graph_json_network(const struct graph *graph,
                                              const struct network *network)
{
        CLEANUP(graph_places_free) struct graph_places places = { 0 };
        struct json_object *object = json_object_new_object(), *subnets, *containers;
        char subnet[ADDRESS_TEXT];

        json_set_string(object, "name", network->name);
        json_set_string(object, "driver", network_driver_name(network->driver));
        json_set_string(object, "interface", network->interface);
        subnets = json_add_array(object, "subnets");
        for (size_t i = 0; i < network->subnet_count; i++) {
                subnet_format(&network->subnets[i].subnet, subnet);
                json_object_array_add(subnets, json_object_new_string(subnet));
        }
        json_object_object_add(object, "internal", json_object_new_boolean(network->internal));
        json_object_object_add(object, "dns", json_object_new_boolean(names_wanted(network)));
        containers = json_add_array(object, "containers");
        graph_find_places(graph, network, &places);
        for (size_t i = 0; i < places.count; i++)
                graph_json_place(graph, &places.items[i], containers);
        return object;
}

struct json_object *graph_json(const struct graph *graph)
{
        struct json_object *object = json_object_new_object();
        struct json_object *networks = json_add_array(object, "networks");

        for (size_t i = 0; i < graph->network_count; i++)
                json_object_array_add(networks, graph_json_network(graph, &graph->networks[i]));
        return object;
}
