/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "definition.h"

#include "../base/stamp.h"
#include "bridge.h"
#include "link.h"

#include <netinet/in.h>

enum {
        DEFINITION_BRIDGES = 100000, /* numbers to try */
};

/* What others have. */
struct in_use {
        struct subnet *subnets; /* owned; of other networks, then of the host's routes */
        char **owners;          /* owned, with what they point at; names of networks */
        size_t count;           /* of subnets */
        size_t owned;           /* of those that networks have */
        struct strv interfaces;
};

static void in_use_free(struct in_use *used)
{
        for (size_t i = 0; i < used->owned; i++)
                free(used->owners[i]);
        free(used->owners);
        free(used->subnets);
        strv_free(&used->interfaces);
}

static void in_use_add_network(struct in_use *used, const struct network *network)
{
        if (network->driver != NETWORK_BRIDGE)
                return;
        strv_append(&used->interfaces, network->interface);
        for (size_t i = 0; i < network->subnet_count; i++) {
                used->subnets = alloc_grow(used->subnets, used->count + 1, sizeof *used->subnets);
                used->owners = alloc_grow(used->owners, used->count + 1, sizeof *used->owners);
                used->subnets[used->count] = network->subnets[i].subnet;
                used->owners[used->count] = str_dup(network->name);
                used->owned = ++used->count;
        }
}

static int in_use_collect(const struct definition_context *context, const char *but, bool routes,
                          struct in_use *ret, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (network_list(context->storage, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                AUTO_NETWORK struct network network = { 0 };

                /* A broken one is its own problem. */
                if (!str_equal(names.items[i], but) &&
                    network_load(context->storage, names.items[i], &network, NULL) == 0)
                        in_use_add_network(ret, &network);
        }
        return routes ? link_list_routes(context->links, &ret->subnets, &ret->count, err) : 0;
}

static int definition_set_interface(const struct in_use *used, struct network *network,
                                    struct error *err)
{
        struct network_options options;

        if (network->driver != NETWORK_BRIDGE)
                return 0;
        if (network->interface) {
                if (strv_contains(&used->interfaces, network->interface))
                        return error_set(err, EEXIST, "another network has the bridge '%s'",
                                         network->interface);
                network_read_options(network, &options);
                if (!options.unmanaged && link_index(network->interface) &&
                    !bridge_is_ours(network->name, network->interface))
                        return error_set(err, EEXIST,
                                         "the interface '%s' is there already, and not of our "
                                         "making (--opt mode=unmanaged uses a bridge as it is)",
                                         network->interface);
                return 0;
        }
        /* crunit0 is kept for the default network. */
        for (unsigned i = str_equal(network->name, NETWORK_DEFAULT) ? 0 : 1; i < DEFINITION_BRIDGES;
             i++) {
                AUTO_FREE char *name = str_format("crunit%u", i);

                if (strv_contains(&used->interfaces, name) || link_index(name))
                        continue;
                network->interface = steal_str(&name);
                return 0;
        }
        return error_set(err, ENOSPC, "no name is left for a bridge");
}

/* Addresses that no interface of a network can have. */
static int definition_check_hosts(const struct subnet *subnet, struct error *err)
{
        static const char *const none[] = { "127.0.0.0/8", "224.0.0.0/3", "::1/128", "ff00::/8" };
        char text[ADDRESS_TEXT];

        for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
                struct subnet other;

                if (subnet_parse(none[i], true, &other, err) < 0)
                        return -1;
                if (subnet_overlaps(subnet, &other))
                        return error_set(err, EINVAL,
                                         "the subnet %s overlaps %s, which no network can have",
                                         subnet_format(subnet, text), none[i]);
        }
        return 0;
}

/* Asked for: another network's is refused, a route of the machine is worth a word. */
static int definition_check_subnet(const struct in_use *used, const struct network *network,
                                   const struct subnet *subnet, struct strv *notes,
                                   struct error *err)
{
        char text[ADDRESS_TEXT], other[ADDRESS_TEXT];

        if (network->driver != NETWORK_BRIDGE)
                return 0;
        for (size_t i = 0; i < used->count; i++) {
                if (!subnet_overlaps(subnet, &used->subnets[i]))
                        continue;
                subnet_format(subnet, text);
                subnet_format(&used->subnets[i], other);
                if (i < used->owned)
                        return error_set(err, EEXIST, "the subnet %s overlaps %s of network '%s'",
                                         text, other, used->owners[i]);
                strv_appendf(notes, "the subnet %s overlaps the route of this machine to %s", text,
                             other);
                return 0;
        }
        return 0;
}

static void definition_set_gateway(const struct network *network, struct network_subnet *subnet)
{
        struct address_range hosts;

        /* Somebody else's network may have its router anywhere. */
        if (subnet->gateway.family || (network->driver != NETWORK_BRIDGE && network->internal))
                return;
        subnet_hosts(&subnet->subnet, &hosts);
        subnet->gateway = hosts.first;
}

static int definition_set_subnets(const struct definition_context *context,
                                  const struct in_use *used, struct network *network,
                                  struct error *err)
{
        bool want4 = !network->subnet_count;
        bool want6 = network->ipv6 && !network_has_family(network, AF_INET6);

        if (network->driver != NETWORK_BRIDGE && !network->subnet_count)
                return error_set(err, EINVAL,
                                 "%s needs --subnet, or --ipam-driver none: addresses by DHCP are "
                                 "not supported",
                                 network_driver_name(network->driver));
        if (want4 && pools_cut(context->pools, AF_INET, used->subnets, used->count,
                               &network_add_subnet(network)->subnet, err) < 0)
                return -1;
        if (want6) {
                struct subnet *subnet = &network_add_subnet(network)->subnet;

                /* Where all of these addresses have a route (to another site), the bridge's goes
                 * before it. */
                if (pools_cut(context->pools, AF_INET6, used->subnets, used->count, subnet, NULL) <
                            0 &&
                    pools_make_ula(used->subnets, used->count, subnet, NULL) < 0 &&
                    pools_make_ula(used->subnets, used->owned, subnet, err) < 0)
                        return -1;
        }
        return 0;
}

int definition_complete(const struct definition_context *context,
                        const struct network *replaces_or_null, struct network *network,
                        struct strv *notes, struct error *err)
{
        CLEANUP(in_use_free) struct in_use used = { 0 };

        if (in_use_collect(context, replaces_or_null ? replaces_or_null->name : NULL, true, &used,
                           err) < 0)
                return -1;
        network->id = replaces_or_null && replaces_or_null->id ? str_dup(replaces_or_null->id)
                                                               : stamp_new_id(STAMP_ID_DIGITS);
        network->created = stamp_now();
        if (definition_set_interface(&used, network, err) < 0)
                return -1;
        for (size_t i = 0; i < network->subnet_count; i++)
                if (definition_check_hosts(&network->subnets[i].subnet, err) < 0 ||
                    definition_check_subnet(&used, network, &network->subnets[i].subnet, notes,
                                            err) < 0)
                        return -1;
        if (!network->no_addresses && definition_set_subnets(context, &used, network, err) < 0)
                return -1;
        for (size_t i = 0; i < network->subnet_count; i++)
                definition_set_gateway(network, &network->subnets[i]);
        if (network_has_family(network, AF_INET6))
                network->ipv6 = true;
        return network_check(network, err);
}

int definition_default(const struct definition_context *context, const struct subnet *preferred,
                       struct network *ret, struct error *err)
{
        AUTO_NETWORK struct network network = { 0 };
        AUTO_ERROR struct error missing = { 0 };
        AUTO_STRV struct strv notes = { 0 };
        CLEANUP(in_use_free) struct in_use used = { 0 };
        bool taken = false;

        if (network_load(context->storage, NETWORK_DEFAULT, ret, &missing) == 0)
                return 0;
        if (missing.code != ENOENT)
                return error_set(err, missing.code, "%s", missing.message);
        if (in_use_collect(context, NULL, true, &used, err) < 0)
                return -1;
        for (size_t i = 0; i < used.count; i++)
                taken = taken || subnet_overlaps(preferred, &used.subnets[i]);
        network.name = str_dup(NETWORK_DEFAULT);
        if (!taken)
                network_add_subnet(&network)->subnet = *preferred;
        if (definition_complete(context, NULL, &network, &notes, err) < 0 ||
            network_save(context->storage, &network, err) < 0)
                return -1;
        *ret = network;
        network = (struct network){ 0 };
        return 0;
}
