/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "link.h"

#include "../base/str.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/ipvlan.h>
#include <netlink/route/link/macvlan.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>

static int link_fail(struct error *err, int result, const char *what, const char *name)
{
        return error_set(err, EIO, "cannot %s %s: %s", what, name, nl_geterror(result));
}

static void link_free(struct rtnl_link **link)
{
        if (*link)
                rtnl_link_put(*link);
}

static void link_free_address(struct nl_addr **address)
{
        if (*address)
                nl_addr_put(*address);
}

#define AUTO_LINK CLEANUP(link_free)
#define AUTO_ADDR CLEANUP(link_free_address)

int link_open(struct links *ret, struct error *err)
{
        int result;

        ret->socket = nl_socket_alloc();
        if (!ret->socket)
                abort();
        result = nl_connect(ret->socket, NETLINK_ROUTE);
        if (result < 0) {
                link_close(ret);
                return error_set(err, EIO, "cannot talk to the kernel about links: %s",
                                 nl_geterror(result));
        }
        return 0;
}

void link_close(struct links *links)
{
        if (links->socket)
                nl_socket_free(links->socket);
        links->socket = NULL;
}

int link_index(const char *name)
{
        return (int)if_nametoindex(name);
}

static struct nl_addr *link_build_address(const struct address *address, unsigned prefix)
{
        struct nl_addr *built =
                nl_addr_build(address->family, address->bytes, address_bits(address) / 8);

        if (!built)
                abort();
        nl_addr_set_prefixlen(built, (int)prefix);
        return built;
}

static void link_set_mac(struct rtnl_link *link, const unsigned char *mac)
{
        AUTO_ADDR struct nl_addr *address = mac ? nl_addr_build(AF_LLC, mac, 6) : NULL;

        if (address)
                rtnl_link_set_addr(link, address);
}

int link_make_bridge(struct links *links, const char *name, const unsigned char mac[6],
                     uint32_t mtu, struct error *err)
{
        AUTO_LINK struct rtnl_link *link = rtnl_link_bridge_alloc();
        int result;

        if (!link)
                abort();
        rtnl_link_set_name(link, name);
        /* Else it would have that of one of its ports, and change it with them. */
        link_set_mac(link, mac);
        if (mtu)
                rtnl_link_set_mtu(link, mtu);
        result = rtnl_link_add(links->socket, link, NLM_F_CREATE | NLM_F_EXCL);
        return result < 0 && result != -NLE_EXIST ? link_fail(err, result, "make the bridge", name)
                                                  : 0;
}

int link_delete(struct links *links, const char *name, struct error *err)
{
        AUTO_LINK struct rtnl_link *link = rtnl_link_alloc();
        int index = link_index(name), result;

        if (!link)
                abort();
        if (!index)
                return 0;
        rtnl_link_set_ifindex(link, index);
        result = rtnl_link_delete(links->socket, link);
        return result < 0 && result != -NLE_NODEV ? link_fail(err, result, "remove", name) : 0;
}

int link_make_veth(struct links *links, const struct link_plan *plan, struct error *err)
{
        AUTO_LINK struct rtnl_link *link = rtnl_link_veth_alloc();
        AUTO_LINK struct rtnl_link *peer = link ? rtnl_link_veth_get_peer(link) : NULL;
        int result;

        if (!link || !peer)
                abort();
        rtnl_link_set_name(link, plan->host_name);
        rtnl_link_set_name(peer, plan->name);
        rtnl_link_set_ns_fd(peer, plan->namespace);
        link_set_mac(peer, plan->mac);
        if (plan->mtu) {
                rtnl_link_set_mtu(link, plan->mtu);
                rtnl_link_set_mtu(peer, plan->mtu);
        }
        rtnl_link_set_master(link, plan->master);
        result = rtnl_link_add(links->socket, link, NLM_F_CREATE | NLM_F_EXCL);
        return result < 0 ? link_fail(err, result, "make the interface", plan->name) : 0;
}

static int link_make_child(struct links *links, struct rtnl_link *link,
                           const struct link_plan *plan, const char *driver, struct error *err)
{
        int result;

        rtnl_link_set_name(link, plan->name);
        rtnl_link_set_link(link, plan->master);
        rtnl_link_set_ns_fd(link, plan->namespace);
        if (plan->mtu)
                rtnl_link_set_mtu(link, plan->mtu);
        result = rtnl_link_add(links->socket, link, NLM_F_CREATE | NLM_F_EXCL);
        if (result == -NLE_OPNOTSUPP)
                return error_set(err, EOPNOTSUPP, "this kernel has no %s interfaces", driver);
        return result < 0 ? link_fail(err, result, "make the interface", plan->name) : 0;
}

int link_make_macvlan(struct links *links, const struct link_plan *plan, struct error *err)
{
        AUTO_LINK struct rtnl_link *link = rtnl_link_macvlan_alloc();
        const char *mode = plan->mode ? plan->mode : "bridge";

        if (!link)
                abort();
        link_set_mac(link, plan->mac);
        if (rtnl_link_macvlan_set_mode(link, (uint32_t)rtnl_link_macvlan_str2mode(mode)) < 0)
                return error_set(err, EINVAL, "'%s' is no mode of macvlan", mode);
        return link_make_child(links, link, plan, "macvlan", err);
}

int link_make_ipvlan(struct links *links, const struct link_plan *plan, struct error *err)
{
        AUTO_LINK struct rtnl_link *link = rtnl_link_ipvlan_alloc();
        const char *mode = plan->mode ? plan->mode : "l2";

        if (!link)
                abort();
        if (rtnl_link_ipvlan_set_mode(link, (uint16_t)rtnl_link_ipvlan_str2mode(mode)) < 0)
                return error_set(err, EINVAL, "'%s' is no mode of ipvlan", mode);
        return link_make_child(links, link, plan, "ipvlan", err);
}

/* --- ports of bridges: what libnl-route has no function for */

static struct nl_msg *link_message(int type, int family, int index)
{
        struct ifinfomsg header = { .ifi_family = (unsigned char)family, .ifi_index = index };
        struct nl_msg *message = nlmsg_alloc_simple(type, 0);

        if (!message || nlmsg_append(message, &header, sizeof header, NLMSG_ALIGNTO) < 0)
                abort();
        return message;
}

static int link_send(struct links *links, struct nl_msg *message)
{
        int result = nl_send_auto(links->socket, message);

        nlmsg_free(message);
        return result < 0 ? result : nl_wait_for_ack(links->socket);
}

static int link_set_vlan(struct links *links, int index, uint16_t vlan)
{
        struct bridge_vlan_info info = {
                .flags = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED,
                .vid = vlan,
        };
        struct nl_msg *message = link_message(RTM_SETLINK, PF_BRIDGE, index);
        struct nlattr *nest = nla_nest_start(message, IFLA_AF_SPEC);

        nla_put(message, IFLA_BRIDGE_VLAN_INFO, sizeof info, &info);
        nla_nest_end(message, nest);
        return link_send(links, message);
}

int link_filter_vlans(struct links *links, int index, struct error *err)
{
        struct nl_msg *message = link_message(RTM_NEWLINK, AF_UNSPEC, index);
        struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO | NLA_F_NESTED), *data;
        int result;

        nla_put_string(message, IFLA_INFO_KIND, "bridge");
        data = nla_nest_start(message, IFLA_INFO_DATA | NLA_F_NESTED);
        nla_put_u8(message, IFLA_BR_VLAN_FILTERING, 1);
        nla_nest_end(message, data);
        nla_nest_end(message, info);
        result = link_send(links, message);
        return result < 0 ? error_set(err, EOPNOTSUPP, "this kernel's bridges have no VLANs: %s",
                                      nl_geterror(result))
                          : 0;
}

/* A port needs no address, and one that comes or goes is news for all who watch: dnsmasq looks at
 * all interfaces then, and where one vanishes meanwhile, it stops listening until the next news. */
static int link_refuse_addresses(struct links *links, int index)
{
        struct nl_msg *message = link_message(RTM_SETLINK, AF_UNSPEC, index);
        struct nlattr *families = nla_nest_start(message, IFLA_AF_SPEC | NLA_F_NESTED);
        struct nlattr *inet6 = nla_nest_start(message, AF_INET6 | NLA_F_NESTED);
        int result;

        nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        nla_nest_end(message, inet6);
        nla_nest_end(message, families);
        result = link_send(links, message);
        return result == -NLE_AF_NOSUPPORT ? 0 : result; /* a machine without IPv6 */
}

static int link_set_hairpin(struct links *links, int index)
{
        struct nl_msg *message = link_message(RTM_SETLINK, PF_BRIDGE, index);
        struct nlattr *nest = nla_nest_start(message, IFLA_PROTINFO | NLA_F_NESTED);

        nla_put_u8(message, IFLA_BRPORT_MODE, 1);
        nla_nest_end(message, nest);
        return link_send(links, message);
}

int link_set_port(struct links *links, int index, uint16_t vlan, struct error *err)
{
        int result = link_refuse_addresses(links, index);

        if (result >= 0)
                result = link_set_hairpin(links, index);
        if (result < 0)
                return link_fail(err, result, "set up", "the bridge's port");
        result = vlan ? link_set_vlan(links, index, vlan) : 0;
        if (result < 0)
                return error_set(err, EOPNOTSUPP, "this kernel's bridges have no VLANs: %s",
                                 nl_geterror(result));
        return link_set_up(links, index, err);
}

/* --- links that are there */

static int link_change(struct links *links, int index, struct rtnl_link *changes, struct error *err)
{
        AUTO_LINK struct rtnl_link *link = rtnl_link_alloc();
        char name[IF_NAMESIZE] = "an interface";
        int result;

        if (!link)
                abort();
        rtnl_link_set_ifindex(link, index);
        result = rtnl_link_change(links->socket, link, changes, 0);
        if (result >= 0)
                return 0;
        if_indextoname((unsigned)index, name);
        return link_fail(err, result, "change", name);
}

int link_set_up(struct links *links, int index, struct error *err)
{
        AUTO_LINK struct rtnl_link *changes = rtnl_link_alloc();

        if (!changes)
                abort();
        rtnl_link_set_flags(changes, IFF_UP);
        return link_change(links, index, changes, err);
}

int link_set_master(struct links *links, int index, int master, struct error *err)
{
        AUTO_LINK struct rtnl_link *changes = rtnl_link_alloc();

        if (!changes)
                abort();
        rtnl_link_set_master(changes, master);
        return link_change(links, index, changes, err);
}

static void link_free_rtnl_addr(struct rtnl_addr **address)
{
        rtnl_addr_put(*address);
}

static struct rtnl_addr *link_build_rtnl_addr(int index, const struct address *address,
                                              unsigned prefix)
{
        struct rtnl_addr *object = rtnl_addr_alloc();
        AUTO_ADDR struct nl_addr *local = link_build_address(address, prefix);

        if (!object)
                abort();
        rtnl_addr_set_ifindex(object, index);
        rtnl_addr_set_local(object, local);
        /* Nobody else has it: looking for others would take a second. */
        if (address->family == AF_INET6)
                rtnl_addr_set_flags(object, IFA_F_NODAD);
        return object;
}

int link_add_labelled(struct links *links, int index, const struct address *address,
                      unsigned prefix, const char *label, struct error *err)
{
        CLEANUP(link_free_rtnl_addr)
        struct rtnl_addr *object = link_build_rtnl_addr(index, address, prefix);
        char text[ADDRESS_TEXT];
        int result = 0;

        if (label)
                result = rtnl_addr_set_label(object, label);
        if (result == 0)
                result = rtnl_addr_add(links->socket, object, 0);
        return result < 0 && result != -NLE_EXIST
                       ? link_fail(err, result, "give the address", address_format(address, text))
                       : 0;
}

int link_add_address(struct links *links, int index, const struct address *address, unsigned prefix,
                     struct error *err)
{
        return link_add_labelled(links, index, address, prefix, NULL, err);
}

int link_remove_address(struct links *links, int index, const struct address *address,
                        unsigned prefix, struct error *err)
{
        CLEANUP(link_free_rtnl_addr)
        struct rtnl_addr *object = link_build_rtnl_addr(index, address, prefix);
        char text[ADDRESS_TEXT];
        int result = rtnl_addr_delete(links->socket, object, 0);

        return result < 0 && result != -NLE_NOADDR
                       ? link_fail(err, result, "remove the address", address_format(address, text))
                       : 0;
}

/* --- routes */

static void link_free_route(struct rtnl_route **route)
{
        rtnl_route_put(*route);
}

int link_add_route(struct links *links, const struct link_route *route, struct error *err)
{
        CLEANUP(link_free_route) struct rtnl_route *object = rtnl_route_alloc();
        AUTO_ADDR struct nl_addr *destination =
                link_build_address(&route->destination.base, route->destination.prefix);
        AUTO_ADDR struct nl_addr *gateway =
                route->gateway ? link_build_address(route->gateway, address_bits(route->gateway))
                               : NULL;
        struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
        char text[ADDRESS_TEXT];
        int result;

        if (!object || !hop)
                abort();
        rtnl_route_set_family(object, (uint8_t)route->destination.base.family);
        rtnl_route_set_dst(object, destination);
        rtnl_route_set_table(object, route->local ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
        rtnl_route_set_protocol(object, RTPROT_STATIC);
        rtnl_route_set_type(object, route->local ? RTN_LOCAL : RTN_UNICAST);
        rtnl_route_set_scope(object, gateway        ? RT_SCOPE_UNIVERSE
                                     : route->local ? RT_SCOPE_HOST
                                                    : RT_SCOPE_LINK);
        if (route->metric)
                rtnl_route_set_priority(object, route->metric);
        rtnl_route_nh_set_ifindex(hop, route->index);
        if (gateway)
                rtnl_route_nh_set_gateway(hop, gateway);
        rtnl_route_add_nexthop(object, hop);
        /* Else the kernel puts it before one that is there (IPv4), or takes turns (IPv6). */
        result = rtnl_route_add(links->socket, object, NLM_F_EXCL);
        return result < 0 && result != -NLE_EXIST
                       ? link_fail(err, result, "add the route to",
                                   subnet_format(&route->destination, text))
                       : 0;
}

struct link_list {
        struct subnet *items;
        size_t count;
};

static void link_take_route(struct nl_object *object, void *context)
{
        struct link_list *list = context;
        struct nl_addr *address = rtnl_route_get_dst((struct rtnl_route *)(void *)object);
        unsigned prefix = address ? nl_addr_get_prefixlen(address) : 0;
        struct subnet subnet = { .prefix = prefix };
        size_t length = address ? nl_addr_get_len(address) : 0;

        if (!prefix || !length || length > sizeof subnet.base.bytes)
                return;
        subnet.base.family = nl_addr_get_family(address);
        if (subnet.base.family != AF_INET && subnet.base.family != AF_INET6)
                return;
        memcpy(subnet.base.bytes, nl_addr_get_binary_addr(address), length);
        list->items = alloc_grow(list->items, list->count + 1, sizeof *list->items);
        list->items[list->count++] = subnet;
}

int link_list_routes(struct links *links, struct subnet **ret, size_t *ret_count, struct error *err)
{
        struct link_list list = { .items = *ret, .count = *ret_count };
        struct nl_cache *cache;
        int result = rtnl_route_alloc_cache(links->socket, AF_UNSPEC, 0, &cache);

        if (result < 0)
                return link_fail(err, result, "read", "the routes");
        nl_cache_foreach(cache, link_take_route, &list);
        nl_cache_free(cache);
        *ret = list.items;
        *ret_count = list.count;
        return 0;
}

static void link_take_default(struct nl_object *object, void *context)
{
        struct rtnl_route *route = (struct rtnl_route *)(void *)object;
        struct nl_addr *address = rtnl_route_get_dst(route);
        struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
        int *index = context;

        if ((!address || nl_addr_get_prefixlen(address) == 0) && hop && !*index &&
            rtnl_route_get_table(route) == RT_TABLE_MAIN &&
            rtnl_route_get_type(route) == RTN_UNICAST)
                *index = rtnl_route_nh_get_ifindex(hop);
}

int link_find_default(struct links *links)
{
        struct nl_cache *cache;
        int index = 0;

        if (rtnl_route_alloc_cache(links->socket, AF_UNSPEC, 0, &cache) < 0)
                return 0;
        nl_cache_foreach(cache, link_take_default, &index);
        nl_cache_free(cache);
        return index;
}
