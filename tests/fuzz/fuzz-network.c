/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What strangers write about networks, in any bytes: published ports, addresses, definitions,
 * requests, members, the file of ports. Nothing crashes, and what is taken is in order and comes
 * back from its text as it was. For the fuzzer, the first byte says what kind of text it is.
 *
 * With clang -fsanitize=fuzzer and FUZZER defined this is a libFuzzer target; else main() runs the
 * files it is given, each as every kind.
 */
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/network/firewall.h"
#include "../../src/network/join.h"
#include "../../src/network/lease.h"
#include "../../src/network/network.h"
#include "../../src/network/port.h"
#include "../../src/network/published.h"

#include <stdint.h>
#include <stdlib.h>

static void run_port(const char *text)
{
        struct port port;
        AUTO_FREE char *shown = NULL;

        if (port_parse(text, &port, NULL) < 0)
                return;
        shown = port_format(&port);
        if (!port.container || !port.count || port.container + port.count > 65536 ||
            (port.host && port.host + (port.choices ? port.choices : port.count) > 65536) ||
            !port_protocol_name(port.protocol) || !port_conflicts(&port, &port))
                abort();
}

static void run_address(const char *text)
{
        struct address address, again;
        struct subnet subnet, same;
        struct address_range range;
        char buffer[ADDRESS_TEXT];
        unsigned char mac[6];

        mac_parse(text, mac);
        if (address_parse(text, &address) &&
            (!address_parse(address_format(&address, buffer), &again) ||
             !address_equal(&address, &again)))
                abort();
        if (address_range_parse(text, &range, NULL) == 0 &&
            (address_compare(&range.first, &range.last) > 0 ||
             !address_range_contains(&range, &range.last)))
                abort();
        if (subnet_parse(text, false, &subnet, NULL) < 0)
                return;
        subnet_hosts(&subnet, &range);
        if (subnet_parse(subnet_format(&subnet, buffer), true, &same, NULL) < 0 ||
            !subnet_equal(&subnet, &same) || !subnet_contains(&subnet, &range.first) ||
            !subnet_contains(&subnet, &range.last))
                abort();
}

static void run_join(const char *text)
{
        CLEANUP(join_network_free) struct join_network network = { 0 };

        if (join_network_parse(text, &network, NULL) == 0 && !network_name_valid(network.network))
                abort();
}

/* A definition that is taken can be written, read and made into rules. */
static void run_network(const char *text)
{
        AUTO_JSON struct json_object *object = NULL, *out = NULL, *second = NULL;
        AUTO_NETWORK struct network network = { 0 }, again = { 0 };
        AUTO_FREE char *once = NULL, *twice = NULL, *script = NULL;
        struct published_list none = { 0 };

        if (json_parse(text, strlen(text), "fuzz", &object, NULL) < 0 ||
            network_from_json(object, &network, NULL) < 0)
                return;
        out = network_to_json(&network, true);
        once = json_text(out, false);
        if (network_from_json(out, &again, NULL) < 0)
                abort();
        second = network_to_json(&again, true);
        twice = json_text(second, false);
        if (!str_equal(once, twice))
                abort();
        script = firewall_script(&network, 1, &none);
        if (network.interface && network.driver == NETWORK_BRIDGE &&
            strpbrk(network.interface, "\"{};\n "))
                if (strpbrk(network.interface, "\"\n "))
                        abort();
}

static void run_request(const char *text)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_JOIN struct join_request request = { 0 };

        if (json_parse(text, strlen(text), "fuzz", &object, NULL) == 0)
                join_request_from_json(object, &request, NULL);
}

static void run_member(const char *text)
{
        AUTO_JSON struct json_object *object = NULL, *out = NULL;
        AUTO_JOINED struct joined joined = { 0 }, again = { 0 };

        if (json_parse(text, strlen(text), "fuzz", &object, NULL) < 0 ||
            joined_from_json(object, &joined, NULL) < 0)
                return;
        out = joined_to_json(&joined);
        if (joined_from_json(out, &again, NULL) < 0)
                abort();
}

static void run_published(const char *text)
{
        AUTO_PUBLISHED struct published_list list = { 0 }, again = { 0 };
        AUTO_FREE char *once = NULL, *twice = NULL;

        published_parse(text, &list);
        once = published_text(&list);
        published_parse(once, &again);
        twice = published_text(&again);
        if (!str_equal(once, twice))
                abort();
        for (size_t i = 0; i < list.count; i++) {
                struct firewall_element element;
                uint32_t number = 0;

                while (firewall_next_element(&list.items[i], &number, &element))
                        if (!element.port || !element.to_port || !element.to.family)
                                abort();
        }
}

/* A lease directory with a link of that name and that label. */
static bool nobody(void *context, const char *label)
{
        (void)context;
        (void)label;
        return false;
}

static void run_lease(const char *text)
{
        char directory[] = "/tmp/crunit-fuzz-lease.XXXXXX";
        AUTO_FREE char *leases = NULL, *name = str_dupn(text, strcspn(text, "\n/"));
        const char *label = strchr(text, '\n');
        AUTO_FREE char *link = NULL;
        struct network network = { .name = directory + 5 };
        struct network_subnet subnet = { 0 };
        struct lease_request request = { directory, &network, &subnet, "me@", NULL, nobody, NULL };
        struct address address;

        if (!mkdtemp(directory))
                return;
        subnet_parse("10.0.0.0/29", true, &subnet.subnet, NULL);
        leases = str_format("%s/networks/%s.leases", directory, network.name);
        link = str_format("%s/%s", leases, name);
        io_make_dirs(AT_FDCWD, leases, 0755, NULL);
        if (*name && symlink(label && label[1] ? label + 1 : "x", link) < 0)
                errno = 0; /* what no name can be is no lease */
        if (lease_take(&request, &address, NULL) < 0 || !subnet_contains(&subnet.subnet, &address))
                abort();
        io_remove_tree(AT_FDCWD, directory, NULL);
}

#define FUZZ_KINDS                                                                                 \
        run_port, run_address, run_join, run_network, run_request, run_member, run_published,      \
                run_lease
#include "fuzz-kinds.h"
