/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "firewall.h"

#include "../base/str.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/wait.h>

enum {
        FIREWALL_MESSAGE_MAX = 4096
};

/*
 * Why the rules are as they are:
 * - A port is looked up only for packets to an address of this machine, so that what only passes
 *   through is left alone. Of 127.0.0.0/8 only 127.0.0.1 is published: others are the machine's
 *   own services (127.0.0.53).
 * - Containers ask their gateway's port 53 for names: that is never a published port.
 * - guard: 127.0.0.1 is published by way of route_localnet on our bridges; without this rule
 *   containers could reach what listens on 127.0.0.1.
 * - to_container: replies have to come back this way, so connections from 127.0.0.1, and those
 *   that a container makes to itself or its neighbours by the host's address, get the bridge's.
 * - forward: what is not said here is left to others' tables (policy accept); only what goes into
 *   our networks is closed.
 */
static const char firewall_rules[] =
        "  chain publish {\n"
        "    meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @pub_addr4\n"
        "    ip daddr 127.0.0.0/8 ip daddr != 127.0.0.1 return\n"
        "    meta nfproto ipv4 dnat ip to meta l4proto . th dport map @pub_any4\n"
        "    meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @pub_addr6\n"
        "    meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @pub_any6\n"
        "  }\n"
        "  chain publish_in {\n"
        "    meta l4proto { tcp, udp } th dport 53 iifname @bridges_v1 fib daddr . iif type local "
        "return\n"
        "    goto publish\n"
        "  }\n"
        "  chain guard {\n"
        "    type filter hook prerouting priority raw; policy accept;\n"
        "    ip daddr 127.0.0.0/8 iifname @bridges_v1 drop\n"
        "  }\n"
        "  chain prerouting {\n"
        "    type nat hook prerouting priority dstnat; policy accept;\n"
        "    fib daddr type local jump publish_in\n"
        "  }\n"
        "  chain output {\n"
        "    type nat hook output priority -100; policy accept;\n"
        "    fib daddr type local jump publish\n"
        "  }\n"
        "  chain to_container {\n"
        "    ip saddr 127.0.0.0/8 masquerade\n"
        "    ip6 saddr ::1 masquerade\n"
        "    ct status dnat oifname . ip saddr @own4 masquerade\n"
        "    ct status dnat oifname . ip6 saddr @own6 masquerade\n"
        "  }\n"
        "  chain postrouting {\n"
        "    type nat hook postrouting priority srcnat; policy accept;\n"
        "    oifname @bridges_v1 goto to_container\n"
        "    ip saddr @nets4 ip daddr != 224.0.0.0/4 masquerade\n"
        "    ip6 saddr @nets6 ip6 daddr != ff00::/8 masquerade\n"
        "  }\n"
        "  chain forward {\n"
        "    type filter hook forward priority filter; policy accept;\n"
        "    ct state established,related accept\n"
        "    iifname . oifname @same accept\n"
        "    iifname @bridges_v1 oifname @isolated drop\n"
        "    iifname @isolated oifname @bridges_v1 drop\n"
        "    ct status dnat iifname != @internal oifname != @internal accept\n"
        "    iifname @internal drop\n"
        "    oifname @internal drop\n"
        "    iifname != @bridges_v1 ip daddr @routed4 accept\n"
        "    iifname != @bridges_v1 ip6 daddr @routed6 accept\n"
        "    oifname @bridges_v1 drop\n"
        "  }\n";

/* --- sets of networks */

/* Append the elements of one set that come of one network. */
typedef void firewall_collect(const struct network *network, const struct network_options *options,
                              struct strv *ret);

static void collect_bridge(const struct network *network, const struct network_options *options,
                           struct strv *ret)
{
        (void)options;
        strv_appendf(ret, "\"%s\"", network->interface);
}

static void collect_internal(const struct network *network, const struct network_options *options,
                             struct strv *ret)
{
        if (network->internal)
                collect_bridge(network, options, ret);
}

static void collect_isolated(const struct network *network, const struct network_options *options,
                             struct strv *ret)
{
        if (options->isolate)
                collect_bridge(network, options, ret);
}

static void collect_same(const struct network *network, const struct network_options *options,
                         struct strv *ret)
{
        (void)options;
        strv_appendf(ret, "\"%s\" . \"%s\"", network->interface, network->interface);
}

/* Addresses of the machine's own making (RFC 4193) mean nothing outside; other prefixes of IPv6
 * somebody routes to us. */
static bool firewall_masquerades(const struct network_options *options, const struct subnet *subnet)
{
        if (options->masquerade || options->routed)
                return options->masquerade;
        return subnet->base.family == AF_INET || (subnet->base.bytes[0] & 0xfe) == 0xfc;
}

static void collect_subnets(const struct network *network, const struct network_options *options,
                            int family, bool masquerade, struct strv *ret)
{
        char text[ADDRESS_TEXT];

        for (size_t i = 0; i < network->subnet_count && !network->internal; i++) {
                const struct subnet *subnet = &network->subnets[i].subnet;

                if (subnet->base.family == family &&
                    firewall_masquerades(options, subnet) == masquerade)
                        strv_append(ret, subnet_format(subnet, text));
        }
}

static void collect_nets4(const struct network *network, const struct network_options *options,
                          struct strv *ret)
{
        collect_subnets(network, options, AF_INET, true, ret);
}

static void collect_nets6(const struct network *network, const struct network_options *options,
                          struct strv *ret)
{
        collect_subnets(network, options, AF_INET6, true, ret);
}

static void collect_routed4(const struct network *network, const struct network_options *options,
                            struct strv *ret)
{
        collect_subnets(network, options, AF_INET, false, ret);
}

static void collect_routed6(const struct network *network, const struct network_options *options,
                            struct strv *ret)
{
        collect_subnets(network, options, AF_INET6, false, ret);
}

static void collect_own(const struct network *network, int family, struct strv *ret)
{
        char text[ADDRESS_TEXT];

        for (size_t i = 0; i < network->subnet_count; i++)
                if (network->subnets[i].subnet.base.family == family)
                        strv_appendf(ret, "\"%s\" . %s", network->interface,
                                     subnet_format(&network->subnets[i].subnet, text));
}

static void collect_own4(const struct network *network, const struct network_options *options,
                         struct strv *ret)
{
        (void)options;
        collect_own(network, AF_INET, ret);
}

static void collect_own6(const struct network *network, const struct network_options *options,
                         struct strv *ret)
{
        (void)options;
        collect_own(network, AF_INET6, ret);
}

static const struct firewall_set {
        const char *name, *type;
        firewall_collect *collect;
} firewall_sets[] = {
        { FIREWALL_BRIDGES, "type ifname;", collect_bridge },
        { "internal", "type ifname;", collect_internal },
        { "isolated", "type ifname;", collect_isolated },
        { "same", "type ifname . ifname;", collect_same },
        { "nets4", "type ipv4_addr; flags interval;", collect_nets4 },
        { "nets6", "type ipv6_addr; flags interval;", collect_nets6 },
        { "routed4", "type ipv4_addr; flags interval;", collect_routed4 },
        { "routed6", "type ipv6_addr; flags interval;", collect_routed6 },
        { "own4", "type ifname . ipv4_addr; flags interval;", collect_own4 },
        { "own6", "type ifname . ipv6_addr; flags interval;", collect_own6 },
};

static void firewall_add_sets(struct strbuf *script, const struct network *networks, size_t count)
{
        for (size_t i = 0; i < sizeof firewall_sets / sizeof *firewall_sets; i++) {
                const struct firewall_set *set = &firewall_sets[i];
                AUTO_STRV struct strv elements = { 0 };
                AUTO_FREE char *joined = NULL;

                for (size_t j = 0; j < count; j++) {
                        struct network_options options;

                        network_read_options(&networks[j], &options);
                        if (networks[j].driver == NETWORK_BRIDGE && !options.unmanaged)
                                set->collect(&networks[j], &options, &elements);
                }
                strbuf_appendf(script, "  set %s { %s", set->name, set->type);
                joined = strv_join(&elements, ", ");
                if (elements.count)
                        strbuf_appendf(script, " elements = { %s };", joined);
                strbuf_append(script, " }\n");
        }
}

/* --- maps of ports */

static const struct firewall_map {
        const char *name, *type;
        int family;
        bool address; /* the key has the host's address in front */
} firewall_maps[] = {
        { "pub_any4", "inet_proto . inet_service : ipv4_addr . inet_service", AF_INET, false },
        { "pub_addr4", "ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service", AF_INET,
          true },
        { "pub_any6", "inet_proto . inet_service : ipv6_addr . inet_service", AF_INET6, false },
        { "pub_addr6", "ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service", AF_INET6,
          true },
};

enum {
        FIREWALL_MAPS = sizeof firewall_maps / sizeof *firewall_maps
};

/* Whether a port has elements in that map. */
static bool firewall_map_takes(const struct firewall_map *map, const struct published *published)
{
        const struct address *host = &published->port.address;
        const struct address *to = map->family == AF_INET ? &published->to4 : &published->to6;

        if (!to->family || (host->family && host->family != map->family))
                return false;
        return map->address == (host->family && !address_is_any(host));
}

bool firewall_next_element(const struct published *published, uint32_t *number,
                           struct firewall_element *ret)
{
        const struct port *port = &published->port;

        for (; *number / port->count < FIREWALL_MAPS; *number += port->count) {
                const struct firewall_map *map = &firewall_maps[*number / port->count];
                unsigned offset = *number % port->count;

                if (!firewall_map_takes(map, published))
                        continue;
                *ret = (struct firewall_element){
                        .map = map->name,
                        .protocol = port->protocol,
                        .port = (uint16_t)(port->host + offset),
                        .to = map->family == AF_INET ? published->to4 : published->to6,
                        .to_port = (uint16_t)(port->container + offset),
                };
                if (map->address)
                        ret->address = port->address;
                ++*number;
                return true;
        }
        return false;
}

static void firewall_append_element(struct strbuf *text, const struct firewall_element *element)
{
        char buffer[ADDRESS_TEXT];

        if (element->address.family)
                strbuf_appendf(text, "%s . ", address_format(&element->address, buffer));
        strbuf_appendf(text, "%s . %u : %s . %u", port_protocol_name(element->protocol),
                       element->port, address_format(&element->to, buffer), element->to_port);
}

static void firewall_add_maps(struct strbuf *script, const struct published_list *ports)
{
        for (size_t i = 0; i < FIREWALL_MAPS; i++) {
                const char *separator = " elements = { ";

                strbuf_appendf(script, "  map %s { type %s;", firewall_maps[i].name,
                               firewall_maps[i].type);
                for (size_t j = 0; j < ports->count; j++) {
                        struct firewall_element element;
                        uint32_t number = 0;

                        while (firewall_next_element(&ports->items[j], &number, &element)) {
                                if (!str_equal(element.map, firewall_maps[i].name))
                                        continue;
                                strbuf_append(script, separator);
                                firewall_append_element(script, &element);
                                separator = ", ";
                        }
                }
                strbuf_append(script, *separator == ',' ? " }; }\n" : " }\n");
        }
}

static bool firewall_is_needed(const struct network *networks, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (networks[i].driver == NETWORK_BRIDGE)
                        return true;
        return false;
}

char *firewall_script(const struct network *networks, size_t network_count,
                      const struct published_list *ports)
{
        struct strbuf script = { 0 };

        strbuf_append(&script, "add table inet " FIREWALL_TABLE "\n"
                               "delete table inet " FIREWALL_TABLE "\n");
        if (!firewall_is_needed(networks, network_count) && !ports->count)
                return strbuf_steal(&script);
        strbuf_append(&script, "table inet " FIREWALL_TABLE " {\n");
        firewall_add_sets(&script, networks, network_count);
        firewall_add_maps(&script, ports);
        strbuf_append(&script, firewall_rules);
        strbuf_append(&script, "}\n");
        return strbuf_steal(&script);
}

/* --- loading */

static int firewall_spawn(const char *path, int ends[2][2], pid_t *ret_pid)
{
        char name[] = "crunit-firewall";
        char *args[] = { name, NULL };
        posix_spawn_file_actions_t actions;
        int result;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[0][0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, ends[1][1], STDERR_FILENO);
        result = posix_spawn(ret_pid, path, &actions, NULL, args, environ);
        posix_spawn_file_actions_destroy(&actions);
        return result;
}

static void firewall_close(int *fd)
{
        cleanup_close(fd);
        *fd = -1;
}

/* It reads all of the script before it says anything. */
static void firewall_talk(int in, int out, const char *script, struct strbuf *ret_message)
{
        size_t length = strlen(script), sent = 0;
        char buffer[FIREWALL_MESSAGE_MAX];
        ssize_t n;

        while (sent < length && (n = write(in, script + sent, length - sent)) != 0) {
                if (n < 0 && errno != EINTR)
                        break;
                sent += n > 0 ? (size_t)n : 0;
        }
        firewall_close(&in);
        while ((n = read(out, buffer, sizeof buffer)) != 0) {
                if (n < 0 && errno != EINTR)
                        break;
                if (n > 0 && ret_message->length < FIREWALL_MESSAGE_MAX)
                        strbuf_append_n(ret_message, buffer, (size_t)n);
        }
}

static void firewall_close_pipes(int (*ends)[2][2])
{
        for (size_t i = 0; i < 4; i++)
                firewall_close(&(*ends)[i / 2][i % 2]);
}

int firewall_load(const char *script, struct error *err)
{
        CLEANUP(firewall_close_pipes) int ends[2][2] = { { -1, -1 }, { -1, -1 } };
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_FREE char *path = str_format("%s/crunit-firewall", directory ? directory : LIBEXECDIR);
        AUTO_STRBUF struct strbuf message = { 0 };
        pid_t pid;
        int status, result;

        if (pipe2(ends[0], O_CLOEXEC) < 0 || pipe2(ends[1], O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        result = firewall_spawn(path, ends, &pid);
        if (result != 0)
                return error_errno(err, result, "cannot execute %s", path);
        firewall_close(&ends[0][0]);
        firewall_close(&ends[1][1]);
        firewall_talk(ends[0][1], ends[1][0], script, &message);
        ends[0][1] = -1;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crunit-firewall");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        return error_set(err, EIO, "the firewall cannot be set up: %.*s",
                         message.data ? (int)strcspn(message.data, "\n") : 0,
                         message.data ? message.data : "");
}
