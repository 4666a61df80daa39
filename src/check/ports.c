/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that several units want. */
#include "check.h"

#include "../network/listener.h"

#include <stdlib.h>

struct host_port {
        const struct check_unit *unit;
        struct error_place place;
        char *address; /* owned; "" for all */
        const char *protocol;
        unsigned long long first, last;
};

struct host_ports {
        struct host_port *items; /* owned */
        size_t count;
};

static void ports_free(struct host_ports *ports)
{
        for (size_t i = 0; i < ports->count; i++)
                free(ports->items[i].address);
        free(ports->items);
}

static const char *read_protocol(const char *text)
{
        static const char *const names[] = { "tcp", "udp", "sctp" };
        const char *slash = strchr(text, '/');

        for (size_t i = 0; slash && i < sizeof names / sizeof *names; i++)
                if (str_equal_nocase(slash + 1, names[i]))
                        return names[i];
        return "tcp";
}

/* The range of host ports in [[ADDRESS:][HOSTPORT]:]PORT[/PROTOCOL]; false where the host's port is
 * left to chance. */
static bool parse_port(const char *text, struct host_port *ret)
{
        AUTO_FREE char *host = str_dupn(text, strcspn(text, "/"));
        char *colon = strrchr(host, ':');
        char *port, *dash;

        if (!colon)
                return false;
        *colon = '\0';
        colon = strrchr(host, ':');
        port = colon ? colon + 1 : host;
        if (colon)
                *colon = '\0';
        dash = strchr(port, '-');
        if (dash)
                *dash = '\0';
        if (!str_to_u64(port, 65535, &ret->first) ||
            !str_to_u64(dash ? dash + 1 : port, 65535, &ret->last))
                return false;
        ret->protocol = read_protocol(text);
        ret->address = str_dup(colon ? host : "");
        return true;
}

static bool is_any(const char *address)
{
        return !*address || str_equal(address, "0.0.0.0") || str_equal(address, "::") ||
               str_equal(address, "[::]");
}

static bool overlap(const struct host_port *a, const struct host_port *b)
{
        return a->protocol == b->protocol && a->first <= b->last && b->first <= a->last &&
               (is_any(a->address) || is_any(b->address) || str_equal(a->address, b->address));
}

static void compare_port(struct check *check, const struct host_ports *ports,
                         const struct host_port *port)
{
        for (size_t i = 0; i < ports->count; i++) {
                const struct host_port *other = &ports->items[i];
                unsigned long long first = port->first > other->first ? port->first : other->first;

                if (!overlap(port, other))
                        continue;
                check_report(check, port->unit, REPORT_WARNING, port->place,
                             "port %llu/%s of the host is published by %s:%u as well", first,
                             port->protocol,
                             other->place.path ? other->place.path : other->unit->source->path,
                             other->place.line);
                return;
        }
}

/* It may come later, that of a VPN for example; or it is another machine's. */
static void check_address(struct check *check, const struct host_port *port)
{
        const char *text = port->address + (*port->address == '[');
        AUTO_FREE char *bare = str_dupn(text, strcspn(text, "]"));
        struct address address;

        if (!is_any(port->address) && address_parse(bare, &address) &&
            !listener_has_address(&address))
                check_report(check, port->unit, REPORT_WARNING, port->place,
                             "this machine has no address %s: nobody reaches the port while that "
                             "is so",
                             bare);
}

/* Without a network of its own a container publishes nothing. */
static bool publishes(const struct check_unit *unit)
{
        for (size_t i = unit->command + 1; i < unit->words.count; i++) {
                const char *network = check_option_value(&unit->words, i, "network", 0);

                if (str_equal(network, "host") || str_equal(network, "none"))
                        return false;
        }
        return true;
}

static void add_unit(struct check *check, struct host_ports *ports, const struct check_unit *unit)
{
        for (size_t i = unit->command + 1; i < unit->words.count; i++) {
                const char *value = check_option_value(&unit->words, i, "publish", 'p');
                struct host_port port = { .unit = unit };

                if (!value || check_is_open(value) || !parse_port(value, &port))
                        continue;
                port.place = check_option_place(unit, unit->words.items[i], value, NULL);
                check_address(check, &port);
                compare_port(check, ports, &port);
                ports->items = alloc_grow(ports->items, ports->count + 1, sizeof *ports->items);
                ports->items[ports->count++] = port;
        }
}

void check_ports(struct check *check)
{
        CLEANUP(ports_free) struct host_ports ports = { 0 };

        for (size_t i = 0; i < check->count; i++)
                if (publishes(&check->units[i]))
                        add_unit(check, &ports, &check->units[i]);
}
