/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit network create. */
#include "../base/json.h"
#include "../base/log.h"
#include "../network/bridge.h"
#include "../network/definition.h"
#include "../network/elements.h"
#include "../network/link.h"
#include "../network/member.h"
#include "network-cmd.h"
#include "network-setup.h"

#include <errno.h>
#include <stddef.h>

struct create_request {
        struct network network;
        struct strv subnets, gateways, ranges, routes;
        char *driver, *ipam; /* owned */
        bool ignore, no_dns, ipv6;
};

static void create_free(struct create_request *request)
{
        network_free(&request->network);
        strv_free(&request->subnets);
        strv_free(&request->gateways);
        strv_free(&request->ranges);
        strv_free(&request->routes);
        free(request->driver);
        free(request->ipam);
}

/* NAME=VALUE or NAME */
static int create_take_pair(void *context, const struct option_row *row, const char *value,
                            struct error *err)
{
        if (!*value || *value == '=')
                return error_set(err, EINVAL, "--%s %s: not NAME=VALUE", row->name, value);
        return option_take_list(context, row, value, err);
}

#define FIELD(member) offsetof(struct create_request, member)

const struct option_row cmd_network_create_options[] = {
        { .name = "disable-dns",
          .kind = OPTION_FLAG,
          .help = "no name service on this network",
          .take = option_take_bool,
          .field = FIELD(no_dns) },
        { .name = "dns",
          .argument = "ADDRESS",
          .help = "name server for containers on this network",
          .take = option_take_list,
          .field = FIELD(network.dns_servers) },
        { .name = "driver",
          .letter = 'd',
          .argument = "DRIVER",
          .help = "bridge, macvlan or ipvlan",
          .take = option_take_string,
          .field = FIELD(driver) },
        { .name = "gateway",
          .argument = "ADDRESS",
          .help = "gateway of the subnet it lies in (the first address)",
          .take = option_take_list,
          .field = FIELD(gateways) },
        { .name = "ignore",
          .kind = OPTION_FLAG,
          .help = "a network of that name is no error; it is changed if no container is on it",
          .take = option_take_bool,
          .field = FIELD(ignore) },
        { .name = "interface-name",
          .argument = "NAME",
          .help = "name of the bridge; the parent of macvlan and ipvlan",
          .take = option_take_string,
          .field = FIELD(network.interface) },
        { .name = "internal",
          .kind = OPTION_FLAG,
          .help = "no way out, no published ports",
          .take = option_take_bool,
          .field = FIELD(network.internal) },
        { .name = "ip-range",
          .argument = "RANGE",
          .help = "addresses for containers, within a subnet: ADDRESS/BITS or FIRST-LAST",
          .take = option_take_list,
          .field = FIELD(ranges) },
        { .name = "ipam-driver",
          .argument = "DRIVER",
          .help = "host-local, or none for no addresses",
          .take = option_take_string,
          .field = FIELD(ipam) },
        { .name = "ipv6",
          .kind = OPTION_FLAG,
          .help = "IPv6 as well",
          .take = option_take_bool,
          .field = FIELD(ipv6) },
        { .name = "label",
          .argument = "NAME=VALUE",
          .help = "add a label",
          .take = create_take_pair,
          .field = FIELD(network.labels) },
        { .name = "opt",
          .letter = 'o',
          .argument = "NAME=VALUE",
          .help = "option: isolate, masquerade, metric, mode, mtu, no_default_route, parent, vlan, "
                  "vrf",
          .take = create_take_pair,
          .field = FIELD(network.options) },
        { .name = "route",
          .argument = "SUBNET,GATEWAY[,METRIC]",
          .help = "route in the containers",
          .take = option_take_list,
          .field = FIELD(routes) },
        { .name = "subnet",
          .argument = "SUBNET",
          .help = "ADDRESS/BITS; by default one of the pools in crunit.conf",
          .take = option_take_list,
          .field = FIELD(subnets) },
        { .name = NULL },
};

/* --- from words to a definition */

static struct network_subnet *create_find_subnet(struct network *network,
                                                 const struct address *address)
{
        for (size_t i = 0; i < network->subnet_count; i++)
                if (subnet_contains(&network->subnets[i].subnet, address))
                        return &network->subnets[i];
        return NULL;
}

static int create_add_gateways(struct create_request *request, struct error *err)
{
        for (size_t i = 0; i < request->gateways.count; i++) {
                const char *text = request->gateways.items[i];
                struct network_subnet *subnet;
                struct address address;

                if (!address_parse(text, &address))
                        return error_set(err, EINVAL, "--gateway %s: not an IP address", text);
                subnet = create_find_subnet(&request->network, &address);
                if (!subnet)
                        return error_set(err, EINVAL, "--gateway %s: it is in no --subnet", text);
                if (subnet->gateway.family)
                        return error_set(err, EINVAL, "--gateway %s: its subnet has one already",
                                         text);
                subnet->gateway = address;
        }
        return 0;
}

static int create_add_ranges(struct create_request *request, struct error *err)
{
        for (size_t i = 0; i < request->ranges.count; i++) {
                const char *text = request->ranges.items[i];
                struct network_subnet *subnet;
                struct address_range range;

                if (address_range_parse(text, &range, err) < 0)
                        return error_wrap(err, "--ip-range %s", text);
                subnet = create_find_subnet(&request->network, &range.first);
                if (!subnet)
                        return error_set(err, EINVAL, "--ip-range %s: it is in no --subnet", text);
                if (subnet->range.first.family)
                        return error_set(err, EINVAL, "--ip-range %s: its subnet has one already",
                                         text);
                subnet->range = range;
        }
        return 0;
}

static int create_add_routes(struct create_request *request, struct error *err)
{
        for (size_t i = 0; i < request->routes.count; i++) {
                const char *text = request->routes.items[i];
                struct network_route *route = network_add_route(&request->network);
                AUTO_STRV struct strv parts = { 0 };
                unsigned long long metric = 0;

                strv_split(&parts, text, ",", true);
                if (parts.count < 2 || parts.count > 3 ||
                    !address_parse(parts.items[1], &route->gateway) ||
                    (parts.count == 3 && !str_to_u64(parts.items[2], UINT32_MAX, &metric)))
                        return error_set(err, EINVAL, "--route %s: not SUBNET,GATEWAY[,METRIC]",
                                         text);
                if (subnet_parse(parts.items[0], true, &route->destination, err) < 0)
                        return error_wrap(err, "--route %s", text);
                route->metric = (uint32_t)metric;
        }
        return 0;
}

static int create_build(struct create_request *request, const char *name, struct error *err)
{
        struct network *network = &request->network;

        network->name = str_dup(name);
        network->ipv6 = request->ipv6;
        if (request->driver && network_driver_parse(request->driver, &network->driver, err) < 0)
                return -1;
        if (request->ipam && !str_equal(request->ipam, "host-local") &&
            !str_equal(request->ipam, "none"))
                return error_set(err, EOPNOTSUPP,
                                 "--ipam-driver %s: only host-local and none are supported",
                                 request->ipam);
        network->no_addresses = str_equal(request->ipam, "none");
        network->dns =
                !request->no_dns && network->driver == NETWORK_BRIDGE && !network->no_addresses;
        for (size_t i = 0; i < request->subnets.count; i++)
                if (subnet_parse(request->subnets.items[i], true,
                                 &network_add_subnet(network)->subnet, err) < 0)
                        return error_wrap(err, "--subnet %s", request->subnets.items[i]);
        if (create_add_gateways(request, err) < 0 || create_add_ranges(request, err) < 0)
                return -1;
        return create_add_routes(request, err);
}

/* What was asked for, as one text: when it is another one, the definition has changed. */
static char *create_request_text(const struct network *network)
{
        AUTO_JSON struct json_object *object = network_to_json(network, false);

        return json_text(object, false);
}

/* --- the definition's way to the disk */

static int create_complete(const struct network_setup *setup, const struct network *old,
                           struct network *network, struct error *err)
{
        CLEANUP(link_close) struct links links = { 0 };
        struct definition_context context = { setup->context.storage, &setup->pools, &links };
        AUTO_STRV struct strv notes = { 0 };

        if (link_open(&links, err) < 0 ||
            definition_complete(&context, old, network, &notes, err) < 0)
                return -1;
        for (size_t i = 0; i < notes.count; i++)
                log_warning("network '%s': %s", network->name, notes.items[i]);
        return network_save(setup->context.storage, network, err);
}

/* The bridge of the old definition goes, and the firewall forgets it. */
static int create_replace(const struct network_setup *setup, const struct network *old,
                          struct network *network, struct error *err)
{
        CLEANUP(link_close) struct links links = { 0 };
        CLEANUP(elements_close) struct elements elements = { 0 };
        struct network_options options;
        bool others;

        network_read_options(old, &options);
        if (link_open(&links, err) < 0 || elements_open(&elements, err) < 0)
                return -1;
        if (old->driver == NETWORK_BRIDGE && !options.unmanaged &&
            bridge_delete(&links, old->name, old->interface, &others, err) < 0)
                return -1;
        if (create_complete(setup, old, network, err) < 0)
                return -1;
        if (old->driver == NETWORK_BRIDGE && elements_have_bridge(&elements, old->interface))
                return connect_load_firewall(&setup->context, err);
        return 0;
}

/* The network is there; the unit that asks for it may say something else than before. */
static int create_change(const struct network_setup *setup, const struct network *old,
                         struct network *network, struct error *err)
{
        AUTO_STRV struct strv users = { 0 };
        AUTO_FREE char *names = NULL;

        if (!old->request || str_equal(old->request, network->request))
                return 0;
        if (network_setup_users(setup, old->name, &users, err) < 0)
                return -1;
        if (users.count) {
                names = strv_join(&users, ", ");
                log_warning("network '%s': its definition has changed, but containers are on it "
                            "(%s): stop them and start its unit again; until then the old "
                            "definition holds",
                            old->name, names);
                return 0;
        }
        if (create_replace(setup, old, network, err) < 0)
                return -1;
        log_info("network '%s': its changed definition holds from now on", old->name);
        return 0;
}

/* The subnets of the containers that are on it. */
static void create_recover_subnets(const struct joined_network *joined, struct network *network)
{
        for (size_t i = 0; i < joined->addresses.count; i++) {
                struct network_subnet *subnet;
                struct subnet found;

                if (subnet_parse(joined->addresses.items[i], false, &found, NULL) < 0 ||
                    create_find_subnet(network, &found.base))
                        continue;
                subnet = network_add_subnet(network);
                subnet->subnet = found;
                for (size_t j = 0; j < joined->gateways.count; j++) {
                        struct address gateway;

                        if (address_parse(joined->gateways.items[j], &gateway) &&
                            subnet_contains(&found, &gateway))
                                subnet->gateway = gateway;
                }
        }
}

/* Containers are on it: they are to stay there, so what was not asked for is as they have it. */
static int create_recover(const struct network_setup *setup, struct network *network,
                          struct error *err)
{
        bool subnets = !network->subnet_count && !network->no_addresses;
        AUTO_STRV struct strv labels = { 0 };

        if (!network->interface && network->driver == NETWORK_BRIDGE)
                network->interface = bridge_of(network->name);
        if (member_list(setup->context.runtime, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count && subnets; i++) {
                AUTO_JOINED struct joined member = { 0 };

                if (member_read(setup->context.runtime, labels.items[i], &member, NULL) < 0)
                        continue;
                for (size_t j = 0; j < member.network_count; j++)
                        if (str_equal(member.networks[j].network, network->name))
                                create_recover_subnets(&member.networks[j], network);
        }
        return 0;
}

/* What the definition said nobody knows; who asks for the network says it anew. */
static int create_anew(const struct network_setup *setup, struct network *network,
                       const struct error *damage, struct error *err)
{
        CLEANUP(link_close) struct links links = { 0 };
        AUTO_FREE char *bridge = bridge_of(network->name);
        AUTO_STRV struct strv users = { 0 };

        log_warning("%s; it is made anew", damage->message);
        if (network_setup_users(setup, network->name, &users, err) < 0)
                return -1;
        if (users.count) {
                if (create_recover(setup, network, err) < 0)
                        return -1;
        } else if (bridge && (link_open(&links, err) < 0 || link_delete(&links, bridge, err) < 0)) {
                return -1;
        }
        if (create_complete(setup, NULL, network, err) < 0)
                return -1;
        return bridge ? connect_load_firewall(&setup->context, err) : 0;
}

static int create_define(const struct network_setup *setup, struct create_request *request,
                         struct error *err)
{
        struct network *network = &request->network;
        AUTO_NETWORK struct network old = { 0 };
        AUTO_ERROR struct error missing = { 0 };
        AUTO_CLOSE int lock = member_lock(setup->context.runtime, err);

        if (lock < 0)
                return -1;
        if (network_load(setup->context.storage, network->name, &old, &missing) == 0) {
                if (!request->ignore)
                        return error_set(err, EEXIST, "the network '%s' is there already",
                                         network->name);
                return create_change(setup, &old, network, err);
        }
        if (missing.code != ENOENT && request->ignore)
                return create_anew(setup, network, &missing, err);
        if (missing.code != ENOENT)
                return error_set(err, missing.code, "%s", missing.message);
        return create_complete(setup, NULL, network, err);
}

/* podman gives networks without a name one of its own making. */
static int create_choose_name(const struct network_setup *setup, char **ret, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (network_list(setup->context.storage, &names, err) < 0)
                return -1;
        for (unsigned i = 1;; i++) {
                AUTO_FREE char *name = str_format("crunit%u", i);

                if (strv_contains(&names, name))
                        continue;
                *ret = steal_str(&name);
                return 0;
        }
}

static int create_run(struct create_request *request, const char *name_or_null, struct error *err)
{
        AUTO_SETUP struct network_setup setup = { 0 };
        AUTO_FREE char *name = str_dup(name_or_null);

        if (network_setup_load(&setup, err) < 0 ||
            (!name && create_choose_name(&setup, &name, err) < 0) ||
            create_build(request, name, err) < 0)
                return -1;
        request->network.request = create_request_text(&request->network);
        if (create_define(&setup, request, err) < 0)
                return -1;
        puts(name);
        return 0;
}

int cmd_network_create(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(create_free) struct create_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 1, &first, &status))
                return status;
        if (create_run(&request, first < argc ? argv[first] : NULL, &err) < 0) {
                if (first < argc)
                        error_wrap(&err, "network '%s'", argv[first]);
                return log_failure(&err);
        }
        return EXIT_SUCCESS;
}
