/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container's side: its network namespace, and the links in it. */
#include "connect-parts.h"
#include "sysctl.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>

enum {
        PLUG_LOOPBACK = 1, /* index of lo in any namespace */
        PLUG_METRIC = 100, /* of default routes */
};

static int plug_make_link(struct connection *connection, size_t number, int namespace,
                          struct error *err)
{
        const struct joined_network *joined = &connection->joined.networks[number];
        const struct network_options *options = &connection->options[number];
        unsigned char mac[6];
        struct link_plan plan = {
                .name = joined->interface,
                .host_name = joined->host_interface,
                .namespace = namespace,
                .master = connection->masters[number],
                .mtu = options->mtu,
                .mac = mac_parse(joined->mac ? joined->mac : "", mac) ? mac : NULL,
                .mode = options->mode,
        };

        switch (connection->networks[number].driver) {
        case NETWORK_MACVLAN:
                return link_make_macvlan(&connection->ready->links, &plan, err);
        case NETWORK_IPVLAN:
                return link_make_ipvlan(&connection->ready->links, &plan, err);
        case NETWORK_BRIDGE:
                break;
        }
        return link_make_veth(&connection->ready->links, &plan, err);
}

static int plug_add_default(struct links *links, const struct connection *connection, size_t number,
                            const struct network_subnet *subnet, int index, struct error *err)
{
        const struct network_options *options = &connection->options[number];
        struct link_route route = {
                .destination.base.family = subnet->subnet.base.family,
                .gateway = &subnet->gateway,
                .index = index,
                .metric = options->metric ? options->metric : PLUG_METRIC,
        };

        if (!subnet->gateway.family || connection->networks[number].internal ||
            options->no_default_route)
                return 0;
        return link_add_route(links, &route, err);
}

static int plug_add_routes(struct links *links, const struct connection *connection, size_t number,
                           int index, struct error *err)
{
        const struct network *network = &connection->networks[number];
        const struct connect_addresses *addresses = &connection->addresses[number];

        for (size_t i = 0; i < network->subnet_count; i++) {
                const struct network_subnet *subnet = &network->subnets[i];
                const struct address *own =
                        subnet->subnet.base.family == AF_INET ? &addresses->v4 : &addresses->v6;

                if (subnet_contains(&subnet->subnet, own) &&
                    plug_add_default(links, connection, number, subnet, index, err) < 0)
                        return -1;
        }
        for (size_t i = 0; i < network->route_count; i++) {
                struct link_route route = {
                        .destination = network->routes[i].destination,
                        .gateway = &network->routes[i].gateway,
                        .index = index,
                        .metric = network->routes[i].metric,
                };

                if (link_add_route(links, &route, err) < 0)
                        return -1;
        }
        return 0;
}

static int plug_set_up(struct links *links, const struct connection *connection, size_t number,
                       struct error *err)
{
        const struct connect_addresses *addresses = &connection->addresses[number];
        int index = link_index(connection->joined.networks[number].interface);

        if ((addresses->v4.family &&
             link_add_address(links, index, &addresses->v4, addresses->prefix4, err) < 0) ||
            (addresses->v6.family &&
             link_add_address(links, index, &addresses->v6, addresses->prefix6, err) < 0) ||
            link_set_up(links, index, err) < 0)
                return -1;
        return plug_add_routes(links, connection, number, index, err);
}

static int plug_set_port(struct connection *connection, size_t number, int index, struct error *err)
{
        if (connection->networks[number].driver != NETWORK_BRIDGE)
                return 0;
        return link_set_port(&connection->ready->links, index, connection->options[number].vlan,
                             err);
}

static int plug_open_namespace(struct error *err)
{
        static const char path[] = "/proc/self/ns/net";
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd >= 0 ? fd : error_errno(err, errno, "cannot open %s", path);
}

/* Routers' and neighbours' words count for nothing in there, and addresses need not be probed. A
 * kernel without IPv6 has no such settings. */
static int plug_quiet_ipv6(struct error *err)
{
        if (sysctl_set_interface(AF_INET6, "default", "accept_ra", "0", err) < 0 ||
            sysctl_set_interface(AF_INET6, "default", "accept_dad", "0", err) < 0)
                return -1;
        return 0;
}

/* A new one, or the one that was made in the container's user namespace. */
static int plug_enter_namespace(const char *path_or_null, struct error *err)
{
        AUTO_CLOSE int fd = path_or_null ? open(path_or_null, O_RDONLY | O_CLOEXEC) : -1;

        if (!path_or_null && unshare(CLONE_NEWNET) < 0)
                return error_errno(err, errno, "cannot make a network namespace");
        if (path_or_null && (fd < 0 || setns(fd, CLONE_NEWNET) < 0))
                return error_errno(err, errno, "cannot enter the network namespace %s",
                                   path_or_null);
        return 0;
}

/* The namespace, and a socket in it. */
static int plug_begin(struct connect_ready *ready, const char *path_or_null, struct error *err)
{
        if (plug_enter_namespace(path_or_null, err) < 0)
                return -1;
        ready->namespace = plug_open_namespace(err);
        if (ready->namespace < 0 || plug_quiet_ipv6(err) < 0 || link_open(&ready->inside, err) < 0)
                return -1;
        return link_set_up(&ready->inside, PLUG_LOOPBACK, err);
}

static int plug_go_back(const struct connect_ready *ready, struct error *err)
{
        if (setns(ready->host, CLONE_NEWNET) < 0)
                return error_errno(err, errno, "cannot go back to the host's network");
        return 0;
}

int plug_prepare(struct connect_ready *ready, struct error *err)
{
        int result;

        ready->host = plug_open_namespace(err);
        if (ready->host < 0)
                return -1;
        result = plug_begin(ready, NULL, err);
        return plug_go_back(ready, err) < 0 ? -1 : result;
}

int plug_replace_namespace(struct connect_ready *ready, const char *path, struct error *err)
{
        int result;

        link_close(&ready->inside);
        cleanup_close(&ready->namespace);
        ready->namespace = -1;
        result = plug_begin(ready, path, err);
        return plug_go_back(ready, err) < 0 ? -1 : result;
}

static int plug_make_links(struct connection *connection, int namespace, struct error *err)
{
        for (size_t i = 0; i < connection->request->network_count; i++) {
                const char *name = connection->joined.networks[i].host_interface;

                if (plug_make_link(connection, i, namespace, err) < 0 ||
                    (name && plug_set_port(connection, i, link_index(name), err) < 0))
                        return error_wrap(err, "network '%s'", connection->networks[i].name);
        }
        return 0;
}

static int plug_set_up_all(struct links *inside, const struct connection *connection,
                           struct error *err)
{
        for (size_t i = 0; i < connection->request->network_count; i++)
                if (plug_set_up(inside, connection, i, err) < 0)
                        return error_wrap(err, "network '%s'", connection->networks[i].name);
        return 0;
}

/* Names of links and settings are those of the namespace this process is in, so it goes into the
 * container's to set up what was made here. */
int plug_container(struct connection *connection, struct error *err)
{
        struct connect_ready *ready = connection->ready;
        int result;

        if (plug_make_links(connection, ready->namespace, err) < 0)
                return -1;
        if (setns(ready->namespace, CLONE_NEWNET) < 0)
                return error_errno(err, errno, "cannot enter the container's network");
        result = plug_set_up_all(&ready->inside, connection, err);
        return plug_go_back(ready, err) < 0 ? -1 : result;
}
