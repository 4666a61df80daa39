/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network.h"

#include "../base/io.h"
#include "network-options.h"

#include <netinet/in.h>

static const char *const network_drivers[] = { "bridge", "macvlan", "ipvlan" };

enum {
        NETWORK_DRIVERS = sizeof network_drivers / sizeof *network_drivers,
        NETWORK_NAME_MAX = 200, /* letters; it becomes a file's name */
};

void network_free(struct network *network)
{
        free(network->name);
        free(network->id);
        free(network->created);
        free(network->interface);
        free(network->subnets);
        free(network->routes);
        strv_free(&network->dns_servers);
        strv_free(&network->labels);
        strv_free(&network->options);
        free(network->request);
        *network = (struct network){ 0 };
}

bool network_name_valid(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_.-";

        return *name && !strchr("_.-", *name) && strlen(name) <= NETWORK_NAME_MAX &&
               !name[strspn(name, letters)];
}

bool network_interface_valid(const char *name)
{
        size_t length = strlen(name);

        if (!length || length > NETWORK_INTERFACE_MAX || str_equal(name, ".") ||
            str_equal(name, ".."))
                return false;
        for (const char *c = name; *c; c++)
                if (*c <= ' ' || *c > '~' || strchr("/:\"'\\*", *c))
                        return false;
        return true;
}

const char *network_driver_name(enum network_driver driver)
{
        return network_drivers[driver];
}

int network_driver_parse(const char *name, enum network_driver *ret, struct error *err)
{
        for (unsigned i = 0; i < NETWORK_DRIVERS; i++)
                if (str_equal(network_drivers[i], name)) {
                        *ret = (enum network_driver)i;
                        return 0;
                }
        return error_set(err, EINVAL, "the driver '%s' is none of bridge, macvlan, ipvlan", name);
}

struct network_subnet *network_add_subnet(struct network *network)
{
        network->subnets =
                alloc_grow(network->subnets, network->subnet_count + 1, sizeof *network->subnets);
        network->subnets[network->subnet_count] = (struct network_subnet){ 0 };
        return &network->subnets[network->subnet_count++];
}

struct network_route *network_add_route(struct network *network)
{
        network->routes =
                alloc_grow(network->routes, network->route_count + 1, sizeof *network->routes);
        network->routes[network->route_count] = (struct network_route){ 0 };
        return &network->routes[network->route_count++];
}

bool network_has_family(const struct network *network, int family)
{
        for (size_t i = 0; i < network->subnet_count; i++)
                if (network->subnets[i].subnet.base.family == family)
                        return true;
        return false;
}

static int network_check_subnet(const struct network_subnet *subnet, struct error *err)
{
        const struct address_range *range = &subnet->range;
        char buffer[ADDRESS_TEXT], other[ADDRESS_TEXT];
        struct address_range bounds;

        subnet_format(&subnet->subnet, buffer);
        subnet_hosts(&subnet->subnet, &bounds);
        if (subnet->gateway.family && !address_range_contains(&bounds, &subnet->gateway))
                return error_set(err, EINVAL, "the gateway %s is no host's address in %s",
                                 address_format(&subnet->gateway, other), buffer);
        if (!range->first.family)
                return 0;
        if (!subnet_contains(&subnet->subnet, &range->first) ||
            !subnet_contains(&subnet->subnet, &range->last))
                return error_set(err, EINVAL, "the range from %s on is not within %s",
                                 address_format(&range->first, other), buffer);
        return 0;
}

static int network_check_subnets(const struct network *network, struct error *err)
{
        char one[ADDRESS_TEXT], other[ADDRESS_TEXT];

        if (network->no_addresses && network->subnet_count)
                return error_set(err, EINVAL, "a subnet does not go with the IPAM driver none");
        for (size_t i = 0; i < network->subnet_count; i++) {
                const struct subnet *subnet = &network->subnets[i].subnet;

                if (network_check_subnet(&network->subnets[i], err) < 0)
                        return -1;
                for (size_t j = 0; j < i; j++)
                        if (subnet_overlaps(subnet, &network->subnets[j].subnet))
                                return error_set(err, EINVAL, "the subnets %s and %s overlap",
                                                 subnet_format(&network->subnets[j].subnet, other),
                                                 subnet_format(subnet, one));
        }
        for (size_t i = 0; i < network->route_count; i++)
                if (network->routes[i].destination.base.family != network->routes[i].gateway.family)
                        return error_set(err, EINVAL, "the route to %s has no gateway of its kind",
                                         subnet_format(&network->routes[i].destination, one));
        return 0;
}

static int network_check_lists(const struct network *network, struct error *err)
{
        struct address address;

        for (size_t i = 0; i < network->dns_servers.count; i++)
                if (!address_parse(network->dns_servers.items[i], &address))
                        return error_set(err, EINVAL, "the name server '%s' is no IP address",
                                         network->dns_servers.items[i]);
        for (size_t i = 0; i < network->labels.count; i++)
                if (network->labels.items[i][0] == '=' || !network->labels.items[i][0])
                        return error_set(err, EINVAL, "the label '%s' has no name",
                                         network->labels.items[i]);
        return 0;
}

/* --network has another meaning for these. */
static bool network_name_is_taken(const char *name)
{
        static const char *const words[] = { "host",      "none",    "bridge",
                                             "default",   "private", "pasta",
                                             "container", "ns",      "slirp4netns" };

        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
                if (str_equal(words[i], name))
                        return true;
        return false;
}

int network_check_name(const char *name, struct error *err)
{
        if (!network_name_valid(name))
                return error_set(err, EINVAL,
                                 "'%s' cannot be a network's name: letters, digits and _.- can, "
                                 "with a letter or digit in front",
                                 name);
        if (network_name_is_taken(name))
                return error_set(err, EINVAL,
                                 "'%s' cannot be a network's name: --network has another meaning "
                                 "for it",
                                 name);
        return 0;
}

int network_check(const struct network *network, struct error *err)
{
        struct network_options options;

        if (network_check_name(network->name ? network->name : "", err) < 0)
                return -1;
        if (network->interface && !network_interface_valid(network->interface))
                return error_set(err, EINVAL, "'%s' cannot be an interface's name",
                                 network->interface);
        if (network->driver == NETWORK_BRIDGE && !network->interface)
                return error_set(err, EINVAL, "the bridge has no name");
        if (network->driver != NETWORK_BRIDGE && network->dns)
                return error_set(err, EINVAL, "names need the driver bridge");
        if (network_check_subnets(network, err) < 0 || network_check_lists(network, err) < 0)
                return -1;
        return network_options_parse(network, &options, err);
}

void network_read_options(const struct network *network, struct network_options *ret)
{
        *ret = (struct network_options){ 0 };
        network_options_parse(network, ret, NULL);
}
