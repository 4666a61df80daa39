/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/base/json.h"
#include "../../src/network/names.h"
#include "../tap.h"

#define CONFIG_HEAD(listen)                                                                        \
        "# Names of network back; made anew when its first container starts.\n"                    \
        "interface=" listen "\n"                                                                   \
        "except-interface=lo\n"                                                                    \
        "bind-dynamic\n"                                                                           \
        "no-hosts\n"                                                                               \
        "no-ident\n"                                                                               \
        "cache-size=1000\n"                                                                        \
        "hostsdir=/run/x/back/hosts\n"                                                             \
        "servers-file=/run/x/back/forwards\n"                                                      \
        "local=/dns.podman/\n"                                                                     \
        "domain-needed\n"

#define SUBNETS                                                                                    \
        "\"subnets\":[{\"subnet\":\"10.1.0.0/24\",\"gateway\":\"10.1.0.1\"},{\"subnet\":"          \
        "\"fd00:1::/64\",\"gateway\":\"fd00:1::1\"}]"

static void read_network(const char *members, struct network *ret)
{
        AUTO_FREE char *text =
                str_format("{\"name\":\"back\",\"network_interface\":\"br-back\",%s}", members);
        AUTO_ERROR struct error err = { 0 };
        AUTO_JSON struct json_object *object = NULL;

        if (json_parse(text, strlen(text), "test", &object, &err) < 0 ||
            network_from_json(object, ret, &err) < 0)
                check_str(err.message, NULL, members);
}

static void config_is(const char *members, const struct names_own *own, const char *expected)
{
        AUTO_NETWORK struct network network = { 0 };
        AUTO_FREE char *text = NULL;

        read_network(members, &network);
        text = names_config(&network, "/run/x/back", "/etc/resolv.conf", own);
        check_str(text, expected, members);
}

static void wanted_is(const char *members, bool expected)
{
        AUTO_NETWORK struct network network = { 0 };

        read_network(members, &network);
        check(names_wanted(&network) == expected, members);
}

static void test_config(void)
{
        AUTO_STRV struct strv servers = { 0 };
        const struct names_own own = { .label = "dns0123", .servers = &servers };

        strv_append(&servers, "192.0.2.9");
        strv_append(&servers, "192.0.2.8");
        config_is("\"network_dns_servers\":[\"192.0.2.53\"]," SUBNETS, &own,
                  CONFIG_HEAD("dns0123") "no-resolv\nstrict-order\nserver=192.0.2.9\n"
                                         "server=192.0.2.8\nrev-server=10.1.0.0/24\n"
                                         "rev-server=fd00:1::/64\n");
        config_is("\"dns_enabled\":true," SUBNETS, NULL,
                  CONFIG_HEAD("br-back") "resolv-file=/etc/resolv.conf\nrev-server=10.1.0.0/24\n"
                                         "rev-server=fd00:1::/64\n");
        config_is("\"network_dns_servers\":[\"192.0.2.53\",\"2001:db8::53\"]," SUBNETS, NULL,
                  CONFIG_HEAD("br-back") "no-resolv\nserver=192.0.2.53\nserver=2001:db8::53\n"
                                         "rev-server=10.1.0.0/24\nrev-server=fd00:1::/64\n");
        config_is("\"internal\":true,\"network_dns_servers\":[\"192.0.2.53\"]," SUBNETS, NULL,
                  CONFIG_HEAD(
                          "br-back") "no-resolv\nrev-server=10.1.0.0/24\nrev-server=fd00:1::/64\n");
        wanted_is("\"dns_enabled\":true," SUBNETS, true);
        wanted_is("\"dns_enabled\":false," SUBNETS, false);
        wanted_is("\"dns_enabled\":true,\"options\":{\"mode\":\"unmanaged\"}," SUBNETS, false);
        wanted_is("\"dns_enabled\":true,\"subnets\":[{\"subnet\":\"10.1.0.0/24\"}]", false);
}

static void hosts_is(const char *names, const char *addresses, const char *expected)
{
        struct joined joined = { 0 };
        struct joined_network *network = joined_add_network(&joined);
        AUTO_FREE char *text = NULL;

        network->network = str_dup("back");
        strv_split(&network->names, names, ",", true);
        strv_split(&network->addresses, addresses, ",", false);
        text = names_hosts(network);
        check_str(text, expected, names);
        joined_free(&joined);
}

static void test_hosts(void)
{
        AUTO_FREE char *label = str_format("%064d", 0);
        AUTO_FREE char *mixed = str_format("%s,a.%s.b,ok", label, label);

        hosts_is("web,www", "10.1.0.2/24,fd00:1::2/64",
                 "10.1.0.2 web web.dns.podman web.back.dns.podman www www.dns.podman "
                 "www.back.dns.podman\n"
                 "fd00:1::2 web web.dns.podman web.back.dns.podman www www.dns.podman "
                 "www.back.dns.podman\n");
        hosts_is(mixed, "10.1.0.2/24", "10.1.0.2 ok ok.dns.podman ok.back.dns.podman\n");
        hosts_is(label, "10.1.0.2/24", "");
        hosts_is("a..b,.a,a.,,a b,a\tb,a#b,o_k", "10.1.0.2/24",
                 "10.1.0.2 o_k o_k.dns.podman o_k.back.dns.podman\n");
        hosts_is("web", "", "");
}

static void join_two(struct joined *joined, bool dns)
{
        static const char *const names[] = { "back", "front", "deaf" };

        for (int i = 0; i < 3; i++) {
                struct joined_network *network = joined_add_network(joined);

                network->network = str_dup(names[i]);
                network->dns = i == 0 || (i == 1 && dns);
                strv_appendf(&network->addresses, "10.%d.0.7/24", i + 1);
                strv_appendf(&network->gateways, "10.%d.0.1", i + 1);
        }
}

static void forwards_is(const struct joined *joined, const char *network, const char *expected)
{
        AUTO_FREE char *text = names_forwards(joined, network);

        check_str(text, expected, network);
}

static void search_is(const struct joined *joined, const char *expected)
{
        AUTO_STRV struct strv domains = { 0 };
        AUTO_FREE char *text = NULL;

        names_search(joined, &domains);
        text = strv_join(&domains, " ");
        check_str(text, expected, "the domains to search");
}

static void test_several(void)
{
        AUTO_JOINED struct joined two = { 0 }, one = { 0 }, none = { 0 };

        join_two(&two, true);
        join_two(&one, false);
        forwards_is(&two, "back",
                    "server=/front.dns.podman/10.2.0.1\nrev-server=10.2.0.0/24,10.2.0.1\n");
        forwards_is(&two, "front",
                    "server=/back.dns.podman/10.1.0.1\nrev-server=10.1.0.0/24,10.1.0.1\n");
        forwards_is(&two, "deaf", "");
        forwards_is(&two, "another", "");
        forwards_is(&one, "back", "");
        search_is(&two, "dns.podman back.dns.podman front.dns.podman");
        search_is(&one, "dns.podman");
        search_is(&none, "");
}

int main(void)
{
        test_config();
        test_hosts();
        test_several();
        return tap_done();
}
