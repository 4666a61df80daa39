/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The published ports of a container that starts. */
#include "connect-parts.h"
#include "conntrack.h"
#include "listener.h"
#include "member.h"

#include <netinet/in.h>

enum {
        PUBLISH_TRIES = 100, /* for a free port */
};

/* The first network that can be reached from outside gets them, of each family the first that has
 * it; false where there is none. */
static bool publish_find_target(const struct connection *connection, struct connect_addresses *ret)
{
        bool found = false;

        *ret = (struct connect_addresses){ 0 };
        for (size_t i = 0; i < connection->request->network_count; i++) {
                const struct connect_addresses *addresses = &connection->addresses[i];

                if (connection->networks[i].driver != NETWORK_BRIDGE ||
                    connection->networks[i].internal)
                        continue;
                found = true;
                if (!ret->v4.family)
                        ret->v4 = addresses->v4;
                if (!ret->v6.family)
                        ret->v6 = addresses->v6;
        }
        return found;
}

/* Refused, unless the other container has gone without a word: then its ports are taken back. */
static int publish_meet(struct connection *connection, struct published_list *all,
                        const struct published *other, const struct port *port, struct error *err)
{
        const struct connect_context *context = connection->context;
        AUTO_FREE char *label = str_dup(other->label);
        const char *unit = strchr(label, '@');
        uint16_t first = port->host > other->port.host ? port->host : other->port.host;

        if (str_equal(label, connection->request->label))
                return error_set(err, EINVAL, "port %u/%s is published twice", first,
                                 port_protocol_name(port->protocol));
        if (label[0] == '@' && context->alive(NULL, label))
                return error_set(err, EADDRINUSE, "port %u/%s is in use by pod '%s'", first,
                                 port_protocol_name(port->protocol), label + 1);
        if (context->alive(NULL, label))
                return error_set(err, EADDRINUSE, "port %u/%s is in use by container '%.*s'%s%s%s",
                                 first, port_protocol_name(port->protocol), (int)(unit - label),
                                 label, unit[1] ? " (" : "", unit[1] ? unit + 1 : "",
                                 unit[1] ? ".service)" : "");
        if (leave_locked(context, label, err) < 0)
                return -1;
        published_free(all);
        return published_load(context->runtime, all, err);
}

static int publish_check(struct connection *connection, struct published_list *all,
                         const struct port *port, struct error *err)
{
        const struct published *other;

        while ((other = published_find_conflict(&connection->ports, port)) ||
               (other = published_find_conflict(all, port)))
                if (publish_meet(connection, all, other, port, err) < 0)
                        return -1;
        return listener_check(port, err);
}

/* HOST-RANGE:PORT: the first of them that is free. */
static int publish_choose(struct connection *connection, struct published_list *all,
                          struct port *port, struct error *err)
{
        unsigned last = port->host + port->choices - port->count;
        AUTO_ERROR struct error busy = { 0 };

        for (;; port->host++) {
                error_clear(&busy);
                if (publish_check(connection, all, port, &busy) == 0)
                        return 0;
                if (port->host == last)
                        break;
        }
        return error_set(err, busy.code, "no port of the range is free: %s", busy.message);
}

static int publish_choose_any(struct connection *connection, struct published_list *all,
                              struct port *port, struct error *err)
{
        for (unsigned i = 0; i < PUBLISH_TRIES; i++)
                if (listener_find_free(port, &port->host) &&
                    !published_find_conflict(&connection->ports, port) &&
                    !published_find_conflict(all, port) && listener_check(port, NULL) == 0)
                        return 0;
        return error_set(err, EADDRINUSE, "no port of the host is free for port %u/%s",
                         port->container, port_protocol_name(port->protocol));
}

/* Not refused: that of a VPN, for example, comes later, and the port is reached from then on. */
static void publish_note_address(struct connection *connection, const char *text,
                                 const struct address *address)
{
        char buffer[ADDRESS_TEXT];

        strv_appendf(&connection->joined.notes,
                     "--publish %s: this machine has no address %s now; the port is reached when "
                     "it has one",
                     text, address_format(address, buffer));
}

static int publish_one(struct connection *connection, struct published_list *all, const char *text,
                       const struct connect_addresses *to, struct error *err)
{
        struct published published = { .label = connection->joined.label };
        struct port *port = &published.port;
        int result;

        if (port_parse(text, port, err) < 0)
                return -1;
        published.to4 = to->v4;
        published.to6 = to->v6;
        if (!to->v4.family && !to->v6.family)
                return error_set(err, EADDRNOTAVAIL, "the container has no address");
        if ((port->address.family == AF_INET6 && !to->v6.family) ||
            (port->address.family == AF_INET && !to->v4.family))
                return error_set(err, EAFNOSUPPORT, "the container has no address of IPv%d",
                                 port->address.family == AF_INET ? 4 : 6);
        if (!port->host)
                result = publish_choose_any(connection, all, port, err);
        else if (port->choices)
                result = publish_choose(connection, all, port, err);
        else
                result = publish_check(connection, all, port, err);
        if (result < 0)
                return -1;
        if (port->address.family && !listener_has_address(&port->address))
                publish_note_address(connection, text, &port->address);
        published_add(&connection->ports, &published);
        strv_append_owned(&connection->joined.published, published_line(&published));
        strv_append_owned(&connection->joined.ports, port_format(port));
        return 0;
}

int publish_claim(struct connection *connection, struct error *err)
{
        const struct join_request *request = connection->request;
        struct connect_addresses to;
        bool reached = publish_find_target(connection, &to);
        AUTO_PUBLISHED struct published_list all = { 0 };

        if (request->ports.count && !reached)
                strv_appendf(&connection->joined.notes,
                             "--publish %s has no effect: the container is on no network that can "
                             "be reached from outside by the host",
                             request->ports.items[0]);
        if (request->ports.count && reached && published_load(request->runtime, &all, err) < 0)
                return -1;
        for (size_t i = 0; reached && i < request->ports.count; i++)
                if (publish_one(connection, &all, request->ports.items[i], &to, err) < 0)
                        return error_wrap(err, "--publish %s", request->ports.items[i]);
        if (!connection->ports.count && member_none(request->runtime) &&
            published_begin(request->runtime, err) < 0)
                return -1;
        if (member_write(request->runtime, &connection->joined, err) < 0)
                return -1;
        if (!connection->ports.count)
                return 0;
        for (size_t i = 0; i < connection->ports.count; i++)
                published_add(&all, &connection->ports.items[i]);
        return published_save(request->runtime, &all, err);
}

struct publish_networks {
        struct network *items;
        size_t count;
};

static void publish_networks_free(struct publish_networks *networks)
{
        for (size_t i = 0; i < networks->count; i++)
                network_free(&networks->items[i]);
        free(networks->items);
}

int connect_load_firewall(const struct connect_context *context, struct error *err)
{
        CLEANUP(publish_networks_free) struct publish_networks networks = { 0 };
        AUTO_PUBLISHED struct published_list all = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_FREE char *script = NULL;

        if (network_list(context->storage, &names, err) < 0 ||
            published_load(context->runtime, &all, err) < 0)
                return -1;
        networks.items = alloc_zero(names.count + 1, sizeof *networks.items);
        for (size_t i = 0; i < names.count; i++)
                if (network_load(context->storage, names.items[i], &networks.items[networks.count],
                                 NULL) == 0)
                        networks.count++;
        script = firewall_script(networks.items, networks.count, &all);
        return firewall_load(script, err);
}

int publish_act(struct connection *connection, struct error *err)
{
        bool known = true, any = false;

        for (size_t i = 0; i < connection->request->network_count; i++) {
                const struct network *network = &connection->networks[i];

                if (network->driver != NETWORK_BRIDGE || connection->options[i].unmanaged)
                        continue;
                any = true;
                known = known &&
                        elements_have_bridge(&connection->ready->elements, network->interface);
        }
        if (!any && !connection->ports.count)
                return 0;
        /* What is wrong with the table is mended by making it anew. */
        if (!known || (connection->ports.count &&
                       elements_add(&connection->ready->elements, &connection->ports, NULL) < 0)) {
                if (connect_load_firewall(connection->context, err) < 0)
                        return -1;
        }
        conntrack_forget(&connection->ports);
        return 0;
}
