/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "connect.h"

#include "bridge.h"
#include "connect-parts.h"
#include "definition.h"
#include "member.h"
#include "names.h"

#include <netinet/in.h>
#include <sys/random.h>

enum {
        CONNECT_SHORT_ID = 12,
        CONNECT_LINK_BYTES = 5, /* of chance in a link's name */
};

static void connection_free(struct connection *connection)
{
        for (size_t i = 0; connection->networks && i < connection->request->network_count; i++)
                network_free(&connection->networks[i]);
        free(connection->networks);
        free(connection->options);
        free(connection->addresses);
        free(connection->masters);
        joined_free(&connection->joined);
        published_free(&connection->ports);
        names_finish(&connection->names, NULL);
}

/* --- the networks */

static int connect_load_one(struct connection *connection, size_t number, struct error *err)
{
        const struct connect_context *context = connection->context;
        const char *name = connection->request->networks[number].network;
        struct network *network = &connection->networks[number];
        struct definition_context complete = { context->storage, context->pools,
                                               &connection->ready->links };

        for (size_t i = 0; i < number; i++)
                if (str_equal(connection->networks[i].name, name))
                        return error_set(err, EINVAL, "the network '%s' is given twice", name);
        if (str_equal(name, NETWORK_DEFAULT)) {
                if (definition_default(&complete, &context->default_subnet, network, err) < 0)
                        return -1;
        } else if (network_load(context->storage, name, network, err) < 0) {
                return err && err->code == ENOENT
                               ? error_set(err, ENOENT,
                                           "there is no network '%s': make it with crunit network "
                                           "create %s, or restart the unit of its .network file",
                                           name, name)
                               : -1;
        }
        network_read_options(network, &connection->options[number]);
        return 0;
}

static int connect_load_networks(struct connection *connection, struct error *err)
{
        size_t count = connection->request->network_count;

        connection->networks = alloc_zero(count, sizeof *connection->networks);
        connection->options = alloc_zero(count, sizeof *connection->options);
        connection->addresses = alloc_zero(count, sizeof *connection->addresses);
        connection->masters = alloc_zero(count, sizeof *connection->masters);
        for (size_t i = 0; i < count; i++)
                if (connect_load_one(connection, i, err) < 0)
                        return -1;
        return 0;
}

/* --- addresses */

static int connect_lease(struct connection *connection, size_t number,
                         const struct network_subnet *subnet, struct error *err)
{
        const struct join_network *wish = &connection->request->networks[number];
        struct connect_addresses *addresses = &connection->addresses[number];
        bool v4 = subnet->subnet.base.family == AF_INET;
        const struct address *wanted = v4 ? &wish->ip : &wish->ip6;
        struct address *address = v4 ? &addresses->v4 : &addresses->v6;
        struct lease_request request = {
                .storage = connection->context->storage,
                .network = &connection->networks[number],
                .subnet = subnet,
                .label = connection->request->label,
                .wanted = wanted->family ? wanted : NULL,
                .alive = connection->context->alive,
        };

        /* Of several subnets of a family, the first one counts, or the one of the wish. */
        if (address->family || (wanted->family && !subnet_contains(&subnet->subnet, wanted)))
                return 0;
        *(v4 ? &addresses->prefix4 : &addresses->prefix6) = subnet->subnet.prefix;
        return lease_take(&request, address, err);
}

static int connect_check_wish(const struct connection *connection, size_t number, struct error *err)
{
        const struct join_network *wish = &connection->request->networks[number];
        const struct connect_addresses *addresses = &connection->addresses[number];
        const struct network *network = &connection->networks[number];
        char text[ADDRESS_TEXT];

        if (wish->ip.family && !addresses->v4.family)
                return error_set(err, EINVAL, "the address %s is in no subnet of network '%s'",
                                 address_format(&wish->ip, text), network->name);
        if (wish->ip6.family && !addresses->v6.family)
                return error_set(err, EINVAL, "the address %s is in no subnet of network '%s'",
                                 address_format(&wish->ip6, text), network->name);
        if (wish->mac && network->driver == NETWORK_IPVLAN)
                return error_set(err, EINVAL, "ipvlan has no MAC addresses to choose");
        return 0;
}

static int connect_lease_all(struct connection *connection, struct error *err)
{
        for (size_t i = 0; i < connection->request->network_count; i++) {
                const struct network *network = &connection->networks[i];

                for (size_t j = 0; j < network->subnet_count; j++)
                        if (connect_lease(connection, i, &network->subnets[j], err) < 0)
                                return -1;
                if (connect_check_wish(connection, i, err) < 0)
                        return -1;
        }
        return 0;
}

/* --- what is known then */

static void connect_describe_addresses(const struct connection *connection, size_t number,
                                       struct joined_network *joined)
{
        const struct network *network = &connection->networks[number];
        const struct connect_addresses *addresses = &connection->addresses[number];
        char text[ADDRESS_TEXT];

        if (addresses->v4.family)
                strv_appendf(&joined->addresses, "%s/%u", address_format(&addresses->v4, text),
                             addresses->prefix4);
        if (addresses->v6.family)
                strv_appendf(&joined->addresses, "%s/%u", address_format(&addresses->v6, text),
                             addresses->prefix6);
        for (size_t i = 0; i < network->subnet_count; i++) {
                const struct network_subnet *subnet = &network->subnets[i];

                if (subnet->gateway.family && (subnet_contains(&subnet->subnet, &addresses->v4) ||
                                               subnet_contains(&subnet->subnet, &addresses->v6)))
                        strv_append(&joined->gateways, address_format(&subnet->gateway, text));
        }
}

static void connect_describe_names(const struct connection *connection, size_t number,
                                   struct joined_network *joined)
{
        const struct join_request *request = connection->request;
        AUTO_FREE char *short_id = str_dupn(request->id, CONNECT_SHORT_ID);
        AUTO_STRV struct strv names = { 0 };

        strv_append(&names, request->name);
        strv_append_all(&names, &request->networks[number].aliases);
        strv_append_all(&names, &request->aliases);
        strv_append(&names, short_id);
        for (size_t i = 0; i < names.count; i++)
                if (!strv_contains(&joined->names, names.items[i]))
                        strv_append(&joined->names, names.items[i]);
}

/* Never one that was there before: the kernel may take a while to let the old one go. */
static char *connect_link_name(void)
{
        unsigned char random[CONNECT_LINK_BYTES];

        if (getrandom(random, sizeof random, 0) != sizeof random)
                abort();
        return str_format("veth%02x%02x%02x%02x%02x", random[0], random[1], random[2], random[3],
                          random[4]);
}

/* The name service is a unit of the machine's, whose files have one place. */
static bool connect_has_names(struct connection *connection, size_t number)
{
        const struct network *network = &connection->networks[number];

        if (!names_wanted(network) || !str_equal(connection->context->runtime, "/run/crunit"))
                return false;
        if (names_available())
                return true;
        strv_appendf(&connection->joined.notes,
                     "containers on network '%s' have no names: install dnsmasq-base, or give the "
                     "network DisableDNS=true",
                     network->name);
        return false;
}

static void connect_describe_network(struct connection *connection, size_t number)
{
        const struct join_network *wish = &connection->request->networks[number];
        const struct network *network = &connection->networks[number];
        struct joined_network *joined = joined_add_network(&connection->joined);
        unsigned char mac[6];
        char text[ADDRESS_TEXT];

        joined->network = str_dup(network->name);
        joined->interface =
                wish->interface ? str_dup(wish->interface) : str_format("eth%zu", number);
        if (network->driver == NETWORK_BRIDGE)
                joined->host_interface = connect_link_name();
        mac_derive(connection->request->label, network->name, mac);
        if (network->driver != NETWORK_IPVLAN)
                joined->mac = str_dup(wish->mac ? wish->mac : mac_format(mac, text));
        joined->dns = connect_has_names(connection, number);
        connect_describe_addresses(connection, number, joined);
        connect_describe_names(connection, number, joined);
}

static int connect_check_interfaces(const struct connection *connection, struct error *err)
{
        const struct joined *joined = &connection->joined;

        for (size_t i = 0; i < joined->network_count; i++)
                for (size_t j = 0; j < i; j++)
                        if (str_equal(joined->networks[i].interface, joined->networks[j].interface))
                                return error_set(err, EINVAL,
                                                 "two networks would have the interface '%s'",
                                                 joined->networks[i].interface);
        return 0;
}

static int connect_describe(struct connection *connection, struct error *err)
{
        const struct join_request *request = connection->request;

        connection->joined.label = str_dup(request->label);
        connection->joined.name = str_dup(request->name);
        connection->joined.id = str_dup(request->id);
        connection->joined.forget = request->forget;
        for (size_t i = 0; i < request->network_count; i++)
                connect_describe_network(connection, i);
        if (connect_check_interfaces(connection, err) < 0)
                return -1;
        return nameservers_describe(connection, err);
}

/* --- the host's side of the links */

static int connect_find_master(struct connection *connection, size_t number, struct error *err)
{
        const struct network *network = &connection->networks[number];
        const char *parent = connection->options[number].parent;
        int index;

        if (network->driver == NETWORK_BRIDGE)
                return bridge_ensure(&connection->ready->links, connection->context->runtime,
                                     network, &connection->joined.notes, err);
        if (!parent)
                parent = network->interface;
        index = parent ? link_index(parent) : link_find_default(&connection->ready->links);
        if (index)
                return index;
        return parent ? error_set(err, ENODEV, "there is no interface '%s' for network '%s'",
                                  parent, network->name)
                      : error_set(err, ENODEV,
                                  "network '%s' has no parent, and this machine no default route "
                                  "to take it from",
                                  network->name);
}

static int connect_find_masters(struct connection *connection, struct error *err)
{
        for (size_t i = 0; i < connection->request->network_count; i++) {
                connection->masters[i] = connect_find_master(connection, i, err);
                if (connection->masters[i] < 0)
                        return -1;
        }
        return 0;
}

static void connect_announce(const struct connection *connection)
{
        const struct connect_context *context = connection->context;

        if (context->announce)
                context->announce(context->announce_context, &connection->joined,
                                  connection->ready->namespace);
}

/* With the lock held. What is told of is on file by then. */
static int connect_claim(struct connection *connection, struct error *err)
{
        const struct connect_context *context = connection->context;

        if (leave_locked(context, connection->request->label, err) < 0 ||
            connect_load_networks(connection, err) < 0 || connect_lease_all(connection, err) < 0 ||
            connect_describe(connection, err) < 0 || publish_claim(connection, err) < 0)
                return -1;
        connect_announce(connection);
        if (publish_act(connection, err) < 0 || connect_find_masters(connection, err) < 0)
                return -1;
        return names_add(context->runtime, &connection->ready->links, connection->networks,
                         &connection->joined, &connection->names, err);
}

static int connect_act(struct connection *connection, struct error *err)
{
        AUTO_CLOSE int lock = member_lock(connection->context->runtime, err);

        if (lock < 0)
                return -1;
        if (connect_claim(connection, err) < 0) {
                leave_locked(connection->context, connection->request->label, NULL);
                return -1;
        }
        cleanup_close(&lock);
        lock = -1;
        if (plug_container(connection, err) < 0) {
                names_finish(&connection->names, NULL);
                connect_leave(connection->context, connection->request->label, NULL);
                return -1;
        }
        names_finish(&connection->names, &connection->joined.notes);
        return 0;
}

int connect_prepare(struct connect_ready *ret, struct error *err)
{
        *ret = (struct connect_ready)CONNECT_UNREADY;
        if (link_open(&ret->links, err) < 0 || elements_open(&ret->elements, err) < 0)
                return -1;
        return plug_prepare(ret, err);
}

void connect_release(struct connect_ready *ready)
{
        link_close(&ready->links);
        link_close(&ready->inside);
        elements_close(&ready->elements);
        cleanup_close(&ready->host);
        cleanup_close(&ready->namespace);
        *ready = (struct connect_ready)CONNECT_UNREADY;
}

int connect_join_ready(const struct connect_context *context, const struct join_request *request,
                       struct connect_ready *ready, struct joined *ret, struct error *err)
{
        CLEANUP(connection_free)
        struct connection connection = { .context = context, .request = request, .ready = ready };

        if ((request->namespace && plug_replace_namespace(ready, request->namespace, err) < 0) ||
            connect_act(&connection, err) < 0)
                return -1;
        *ret = connection.joined;
        connection.joined = (struct joined){ 0 };
        return 0;
}

int connect_join(const struct connect_context *context, const struct join_request *request,
                 struct joined *ret, int *ret_namespace, struct error *err)
{
        CLEANUP(connect_release) struct connect_ready ready = CONNECT_UNREADY;

        if (connect_prepare(&ready, err) < 0 ||
            connect_join_ready(context, request, &ready, ret, err) < 0)
                return -1;
        *ret_namespace = steal_fd(&ready.namespace);
        return 0;
}
