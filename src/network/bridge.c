/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge.h"

#include "../base/io.h"
#include "../base/str.h"
#include "forwarder.h"
#include "member.h"
#include "sysctl.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
        BRIDGE_LOOPBACK_METRIC = 1024, /* and the index: one for each bridge, behind lo's own */
};

/* It is switched on last, so what is on is whole. */
bool bridge_is_up(const struct network *network)
{
        AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = { 0 };

        memcpy(request.ifr_name, network->interface, strlen(network->interface));
        return fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 && request.ifr_flags & IFF_UP;
}

bool bridge_is_ours(const char *network, const char *interface)
{
        AUTO_FREE char *path = str_format("/sys/class/net/%s/address", interface);
        AUTO_FREE char *bridge = str_format("/sys/class/net/%s/bridge", interface);
        AUTO_FREE char *address = NULL;
        unsigned char mac[6];
        char text[ADDRESS_TEXT];
        size_t length;

        mac_derive(network, interface, mac);
        mac_format(mac, text);
        return network_interface_valid(interface) && access(bridge, F_OK) == 0 &&
               io_read_file(AT_FDCWD, path, ADDRESS_TEXT, &address, &length, NULL) == 0 &&
               str_has_prefix(address, text);
}

char *bridge_of(const char *network)
{
        struct if_nameindex *list = if_nameindex();
        char *found = NULL;

        for (size_t i = 0; list && list[i].if_name && !found; i++)
                if (bridge_is_ours(network, list[i].if_name))
                        found = str_dup(list[i].if_name);
        if (list)
                if_freenameindex(list);
        return found;
}

int bridge_delete(struct links *links, const char *network, const char *interface, bool *ret_others,
                  struct error *err)
{
        bool others = link_index(interface) && !bridge_is_ours(network, interface);

        if (!others && link_delete(links, interface, err) < 0)
                return -1;
        *ret_others = others;
        return 0;
}

/* ::1 of the host reaches published ports when the kernel may route it to a bridge. */
static int bridge_add_loopback(struct links *links, int index, struct error *err)
{
        struct link_route route = {
                .destination = { .base.family = AF_INET6, .prefix = 128 },
                .index = index,
                .metric = BRIDGE_LOOPBACK_METRIC + (uint32_t)index,
                .local = true,
        };

        memcpy(route.destination.base.bytes, &in6addr_loopback, sizeof in6addr_loopback);
        return link_add_route(links, &route, err);
}

static int bridge_forward(const struct network *network, struct strv *notes, struct error *err)
{
        static const int families[] = { AF_INET, AF_INET6 };

        for (size_t i = 0; i < sizeof families / sizeof *families; i++)
                if (network_has_family(network, families[i]) &&
                    sysctl_forward(families[i], notes, err) < 0)
                        return -1;
        return 0;
}

static int bridge_set_sysctls(const struct network *network, struct error *err)
{
        const char *name = network->interface;

        if (sysctl_set_interface(AF_INET6, name, "accept_ra", "0", err) < 0 ||
            sysctl_set_interface(AF_INET6, name, "accept_dad", "0", err) < 0)
                return -1;
        if (!network->internal && network_has_family(network, AF_INET) &&
            sysctl_set_interface(AF_INET, name, "route_localnet", "1", err) < 0)
                return -1;
        return 0;
}

static int bridge_set_vrf(struct links *links, int index, const char *vrf, struct error *err)
{
        int master = vrf ? link_index(vrf) : 0;

        if (!vrf)
                return 0;
        if (!master)
                return error_set(err, ENODEV, "there is no VRF '%s'", vrf);
        return link_set_master(links, index, master, err);
}

static int bridge_add_addresses(struct links *links, int index, const struct network *network,
                                struct error *err)
{
        for (size_t i = 0; i < network->subnet_count; i++) {
                const struct network_subnet *subnet = &network->subnets[i];

                if (subnet->gateway.family && link_add_address(links, index, &subnet->gateway,
                                                               subnet->subnet.prefix, err) < 0)
                        return -1;
        }
        return 0;
}

/* The bridge may be a new one under running containers, whose ends then hang in the air. */
static int bridge_plug_members(struct links *links, const char *runtime, int index,
                               const struct network *network, uint16_t vlan, struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };

        if (member_list(runtime, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_JOINED struct joined member = { 0 };

                if (member_read(runtime, labels.items[i], &member, NULL) < 0)
                        continue;
                for (size_t j = 0; j < member.network_count; j++) {
                        const struct joined_network *joined = &member.networks[j];
                        int port = joined->host_interface ? link_index(joined->host_interface) : 0;

                        if (!port || !str_equal(joined->network, network->name))
                                continue;
                        if (link_set_master(links, port, index, err) < 0 ||
                            link_set_up(links, port, err) < 0 ||
                            link_set_port(links, port, vlan, err) < 0)
                                return error_wrap(err, "plugging container '%s' in", member.name);
                }
        }
        return 0;
}

static int bridge_find(struct links *links, const struct network *network,
                       const struct network_options *options, struct error *err)
{
        AUTO_FREE char *sysfs = str_format("/sys/class/net/%s", network->interface);
        AUTO_FREE char *is_bridge = str_format("%s/bridge", sysfs);
        int index = link_index(network->interface);
        unsigned char mac[6];

        if (index && access(sysfs, F_OK) == 0 && access(is_bridge, F_OK) < 0)
                return error_set(err, EEXIST, "the interface '%s' is there and is no bridge",
                                 network->interface);
        if (!index && options->unmanaged)
                return error_set(err, ENODEV,
                                 "there is no bridge '%s', and mode=unmanaged says not to make it",
                                 network->interface);
        mac_derive(network->name, network->interface, mac);
        if (!index && link_make_bridge(links, network->interface, mac, options->mtu, err) < 0)
                return -1;
        index = link_index(network->interface);
        return index ? index
                     : error_set(err, ENODEV, "the bridge '%s' is gone again", network->interface);
}

int bridge_ensure(struct links *links, const char *runtime, const struct network *network,
                  struct strv *notes, struct error *err)
{
        struct network_options options;
        int index;

        network_read_options(network, &options);
        /* Somebody may have switched it off since the bridge was made. */
        if (!network->internal && !options.unmanaged && bridge_forward(network, notes, err) < 0)
                return -1;
        if (bridge_is_up(network))
                return link_index(network->interface);
        index = bridge_find(links, network, &options, err);
        if (index < 0 || options.unmanaged)
                return index;
        if (bridge_set_sysctls(network, err) < 0 ||
            (options.vlan && link_filter_vlans(links, index, err) < 0) ||
            bridge_set_vrf(links, index, options.vrf, err) < 0 ||
            bridge_add_addresses(links, index, network, err) < 0 ||
            forwarder_add_addresses(runtime, links, index, network->name, err) < 0 ||
            bridge_plug_members(links, runtime, index, network, options.vlan, err) < 0 ||
            link_set_up(links, index, err) < 0)
                return -1;
        if (!network->internal && network_has_family(network, AF_INET6) &&
            bridge_add_loopback(links, index, err) < 0)
                return -1;
        return index;
}
