/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/base/io.h"
#include "../../src/base/json.h"
#include "../../src/network/join.h"
#include "../../src/network/lease.h"
#include "../../src/network/member.h"
#include "../../src/network/network.h"
#include "../tap.h"

#include <netinet/in.h>
#include <sys/stat.h>

static char *work; /* a directory of our own */

/* NULL where it is right, else the message. */
static char *read_network(const char *text, struct network *ret)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_JSON struct json_object *object = NULL;

        if (json_parse(text, strlen(text), "test", &object, &err) < 0 ||
            network_from_json(object, ret, &err) < 0)
                return str_dup(err.message);
        return NULL;
}

static void network_fails(const char *members, const char *expected)
{
        AUTO_FREE char *text =
                str_format("{\"name\":\"n\",\"network_interface\":\"br0\",%s}", members);
        AUTO_NETWORK struct network network = { 0 };
        AUTO_FREE char *message = read_network(text, &network);

        check_str(message, expected, members);
}

static void test_definitions(void)
{
        static const char text[] =
                "{\"name\":\"back\",\"id\":\"aa\",\"driver\":\"bridge\",\"network_interface\":"
                "\"br-back\",\"created\":\"2026-01-02T03:04:05Z\",\"subnets\":[{\"subnet\":"
                "\"10.1.0.0/24\",\"gateway\":\"10.1.0.1\",\"lease_range\":{\"start_ip\":"
                "\"10.1.0.128\",\"end_ip\":\"10.1.0.255\"}},{\"subnet\":\"fd00:1::/64\"}],"
                "\"routes\":[{\"destination\":\"10.9.0.0/24\",\"gateway\":\"10.1.0.9\",\"metric\":"
                "7}],\"ipv6_enabled\":true,\"internal\":false,\"dns_enabled\":true,"
                "\"network_dns_servers\":[\"10.0.0.53\"],\"labels\":{\"a\":\"b=c\"},\"options\":{"
                "\"isolate\":\"true\",\"mtu\":\"1400\"},\"ipam_options\":{\"driver\":"
                "\"host-local\"}}";
        AUTO_NETWORK struct network network = { 0 };
        AUTO_FREE char *message = read_network(text, &network), *again = NULL;
        AUTO_JSON struct json_object *object = NULL;
        struct network_options options;

        check_str(message, NULL, "a network with everything");
        object = network_to_json(&network, false);
        again = json_text(object, false);
        check_str(again, text, "is written as it was read");
        network_read_options(&network, &options);
        check(options.mtu == 1400 && options.isolate && !options.no_default_route,
              "its options are typed");
        check(network_has_family(&network, AF_INET6), "it has IPv6");
}

static void test_wrong_definitions(void)
{
        network_fails("\"subnets\":[{\"subnet\":\"10.1.0.0/24\",\"gateway\":\"10.2.0.1\"}]",
                      "the gateway 10.2.0.1 is no host's address in 10.1.0.0/24");
        network_fails("\"subnets\":[{\"subnet\":\"10.1.0.0/24\",\"gateway\":\"10.1.0.255\"}]",
                      "the gateway 10.1.0.255 is no host's address in 10.1.0.0/24");
        network_fails("\"subnets\":[{\"subnet\":\"10.1.0.0/24\",\"lease_range\":{\"start_ip\":"
                      "\"10.1.0.9\",\"end_ip\":\"10.1.1.9\"}}]",
                      "the range from 10.1.0.9 on is not within 10.1.0.0/24");
        network_fails("\"subnets\":[{\"subnet\":\"10.1.0.0/24\"},{\"subnet\":\"10.1.0.0/16\"}]",
                      "the subnets 10.1.0.0/24 and 10.1.0.0/16 overlap");
        network_fails("\"subnets\":[{\"gateway\":\"10.2.0.1\"}]",
                      "\"subnets\": \"subnet\" is missing");
        network_fails("\"subnets\":[7]", "\"subnets\" has an item that is no object");
        network_fails("\"options\":{\"mtuu\":\"1\"}", "unknown option 'mtuu', did you mean 'mtu'?");
        network_fails("\"options\":{\"mtu\":\"67\"}", "option 'mtu': '67' is no value for it");
        network_fails("\"options\":{\"parent\":\"eth0\"}",
                      "option 'parent' does not go with the driver bridge");
        network_fails("\"options\":{\"mode\":\"l2\"}",
                      "option 'mode': 'l2' is none of managed unmanaged of the driver bridge");
        network_fails("\"driver\":\"macvlan\",\"dns_enabled\":true",
                      "names need the driver bridge");
        network_fails("\"driver\":\"overlay\"",
                      "the driver 'overlay' is none of bridge, macvlan, ipvlan");
        network_fails("\"ipam_options\":{\"driver\":\"dhcp\"}",
                      "the IPAM driver 'dhcp' is not supported");
        network_fails("\"ipam_options\":{\"driver\":\"none\"},\"subnets\":[{\"subnet\":"
                      "\"10.1.0.0/24\"}]",
                      "a subnet does not go with the IPAM driver none");
        network_fails("\"network_dns_servers\":[\"x\"]", "the name server 'x' is no IP address");
        network_fails("\"routes\":[{\"destination\":\"10.0.0.0/8\"}]",
                      "the route to 10.0.0.0/8 has no gateway of its kind");
        check(!network_name_valid("") && !network_name_valid("../x") && !network_name_valid(".x") &&
                      !network_name_valid("a b") && network_name_valid("systemd-a_b.c"),
              "names of networks");
        check(!network_interface_valid("a/b") && !network_interface_valid("0123456789abcdef") &&
                      !network_interface_valid("a\"b") && network_interface_valid("br-back.7"),
              "names of interfaces");
}

static void test_files(void)
{
        AUTO_NETWORK struct network network = { 0 }, again = { 0 };
        AUTO_STRV struct strv names = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *found = NULL, *again_found = NULL;

        free(read_network("{\"name\":\"b\",\"network_interface\":\"br0\"}", &network));
        check(network_save(work, &network, &err) == 0, "a definition is saved");
        str_replace(&network.name, "a");
        network_save(work, &network, &err);
        network_list(work, &names, &err);
        check(names.count == 2 && str_equal(names.items[0], "a"), "both are listed, sorted");
        check(network_load(work, "b", &again, &err) == 0, "and loaded");
        check(network_load(work, "../b", &again, &err) < 0 && err.code == ENOENT,
              "no name leads elsewhere");
        check(network_resolve(work, "b", &found, &err) == 0, "a name leads to a network");
        check_str(found, "b", "the one of that name");
        str_replace(&network.id, "abcdef");
        str_replace(&network.name, "c");
        network_save(work, &network, &err);
        str_replace(&found, NULL);
        check(network_resolve(work, "abc", &found, &err) == 0, "so does the beginning of an id");
        check_str(found, "c", "the one of that id");
        check(network_resolve(work, "", &again_found, &err) < 0 && err.code == ENOENT,
              "nothing leads to none");
        network_delete(work, "a", NULL);
        error_clear(&err);
        check(network_load(work, "a", &again, &err) < 0, "one that was removed");
        check_str(err.message, "there is no network 'a'", "is not there");
}

/* --- leases */

static struct strv living;

static bool is_alive(void *context, const char *label)
{
        (void)context;
        return strv_contains(&living, label);
}

/* The address or the message. */
static void lease_is(const struct network *network, const char *label, const char *wanted,
                     const char *expected)
{
        AUTO_ERROR struct error err = { 0 };
        struct address address = { 0 }, wish;
        struct lease_request request = {
                .storage = work,
                .network = network,
                .subnet = &network->subnets[0],
                .label = label,
                .alive = is_alive,
        };
        char text[ADDRESS_TEXT];

        if (wanted && address_parse(wanted, &wish))
                request.wanted = &wish;
        if (lease_take(&request, &address, &err) < 0)
                check_str(err.message, expected, label);
        else
                check_str(address_format(&address, text), expected, label);
}

static void live(const char *label)
{
        strv_append(&living, label);
}

static void die(const char *label)
{
        for (size_t i = 0; i < living.count; i++)
                if (str_equal(living.items[i], label))
                        str_replace(&living.items[i], "-");
}

static void note_is(const char *label, const char *expected)
{
        AUTO_FREE char *path = str_format("%s/networks/small.leases/4=%s", work, label);
        char text[ADDRESS_TEXT] = "";

        check_str(readlink(path, text, sizeof text - 1) < 0 ? NULL : text, expected, label);
}

/* Another's address, the gateway, nobody's, one of elsewhere, none at all. */
static const char *const wrong_notes[] = { "10.1.0.3", "10.1.0.1", "10.1.0.99", "fd00::1", "x" };

static void test_leases(void)
{
        AUTO_NETWORK struct network network = { 0 };
        struct address address;

        free(read_network("{\"name\":\"small\",\"network_interface\":\"br0\",\"subnets\":[{"
                          "\"subnet\":\"10.1.0.0/29\",\"gateway\":\"10.1.0.1\"}]}",
                          &network));
        lease_is(&network, "a@", NULL, "10.1.0.2");
        live("a@");
        lease_is(&network, "b@", NULL, "10.1.0.3");
        live("b@");
        lease_is(&network, "a@", NULL, "10.1.0.2");
        lease_is(&network, "c@", "10.1.0.5", "10.1.0.5");
        live("c@");
        lease_is(&network, "d@u", "10.1.0.5",
                 "the address 10.1.0.5 of network 'small' is in use by container 'c'");
        lease_is(&network, "d@u", "10.1.0.1",
                 "the address 10.1.0.1 is the gateway of network "
                 "'small'");
        lease_is(&network, "d@u", "10.1.0.7",
                 "the address 10.1.0.7 is the first or last of 10.1.0.0/29 of network 'small', "
                 "which no container can have");
        lease_is(&network, "d@u", "10.1.0.9",
                 "the address 10.1.0.9 is not in 10.1.0.0/29 of "
                 "network 'small'");
        lease_is(&network, "d@u", NULL, "10.1.0.4");
        live("d@u");
        lease_is(&network, "e@", NULL, "10.1.0.6");
        live("e@");
        lease_is(&network, "f@", NULL,
                 "no address is left in 10.1.0.0/29 of network 'small': containers have all 5");
        die("b@");
        lease_is(&network, "b@", NULL, "10.1.0.3");
        lease_is(&network, "f@", NULL, "10.1.0.3");
        live("f@");
        lease_is(&network, "b@", NULL,
                 "no address is left in 10.1.0.0/29 of network 'small': containers have all 5");
        address_parse("10.1.0.3", &address);
        lease_forget(work, "small", &address, "b@");
        lease_is(&network, "b@", NULL,
                 "no address is left in 10.1.0.0/29 of network 'small': containers have all 5");
        note_is("f@", "10.1.0.3");
        lease_forget(work, "small", &address, "f@");
        note_is("f@", NULL);
        lease_is(&network, "b@", NULL, "10.1.0.3");
        strv_free(&living);
}

/* Notes are hints: what they say holds only if the lease says so too. */
static void test_lease_notes(void)
{
        AUTO_NETWORK struct network network = { 0 };
        AUTO_FREE char *note = str_format("%s/networks/noted.leases/4=a@", work);

        free(read_network("{\"name\":\"noted\",\"network_interface\":\"br0\",\"subnets\":[{"
                          "\"subnet\":\"10.1.0.0/24\",\"gateway\":\"10.1.0.1\"}]}",
                          &network));
        lease_is(&network, "a@", NULL, "10.1.0.2");
        lease_is(&network, "b@", NULL, "10.1.0.3");
        for (size_t i = 0; i < sizeof wrong_notes / sizeof *wrong_notes; i++) {
                AUTO_FREE char *expected = str_format("10.1.0.%zu", i + 4);

                unlink(note);
                check(symlink(wrong_notes[i], note) == 0, wrong_notes[i]);
                lease_is(&network, "a@", NULL, expected);
                lease_is(&network, "a@", NULL, expected);
        }
        lease_is(&network, "b@", NULL, "10.1.0.3");
}

static void test_lease_order(void)
{
        AUTO_NETWORK struct network network = { 0 };
        AUTO_FREE char *path = str_format("%s/networks/ranged.leases", work);
        AUTO_FREE char *odd = str_format("%s/nonsense", path);

        free(read_network("{\"name\":\"ranged\",\"network_interface\":\"br0\",\"subnets\":[{"
                          "\"subnet\":\"10.1.0.0/24\",\"gateway\":\"10.1.0.10\",\"lease_range\":{"
                          "\"start_ip\":\"10.1.0.10\",\"end_ip\":\"10.1.0.12\"}}]}",
                          &network));
        io_make_dirs(AT_FDCWD, path, 0755, NULL);
        check(symlink("x", odd) == 0, "something else lies among the leases");
        lease_is(&network, "a@", NULL, "10.1.0.11");
        lease_is(&network, "b@", NULL, "10.1.0.12");
        lease_is(&network, "c@", NULL, "10.1.0.11");
        lease_is(&network, "a@", NULL, "10.1.0.12");
        lease_is(&network, "a@", "10.1.0.77", "10.1.0.77");
}

/* --- members and requests */

static void test_members(void)
{
        AUTO_JOINED struct joined member = { 0 }, again = { 0 };
        AUTO_STRV struct strv stale = { 0 };
        AUTO_FREE char *run = str_format("%s/containers/web@web", work);
        AUTO_FREE char *inside = str_format("%s/network/members/web@web/thing", work);
        struct joined_network *network = joined_add_network(&member);

        member.label = str_dup("web@web");
        member.name = str_dup("web");
        member.id = str_dup("0123");
        member.forget = true;
        network->network = str_dup("back");
        strv_append(&network->addresses, "10.1.0.2/24");
        strv_append(&network->names, "web");
        check(!member_exists(work, "web@web"), "nobody is there");
        check(member_write(work, &member, NULL) == 0 && member_exists(work, "web@web"),
              "a member is written");
        check(member_read(work, "web@web", &again, NULL) == 0 && again.forget &&
                      str_equal(again.networks[0].addresses.items[0], "10.1.0.2/24"),
              "and read");
        member_list_stale(work, &stale);
        check(stale.count == 1, "its container is not there");
        io_make_dirs(AT_FDCWD, run, 0755, NULL);
        strv_free(&stale);
        member_list_stale(work, &stale);
        check(stale.count == 0, "now it is");
        member_remove(work, "web@web", NULL);
        check(!member_exists(work, "web@web"), "it is gone");
        io_make_dirs(AT_FDCWD, inside, 0755, NULL);
        check(member_remove(work, "web@web", NULL) == 0 && !member_exists(work, "web@web"),
              "also where it has become a directory");
}

static void join_is(const char *text, const char *expected)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(join_network_free) struct join_network network = { 0 };
        AUTO_FREE char *got = NULL, *aliases = NULL;
        char ip[ADDRESS_TEXT], ip6[ADDRESS_TEXT];

        if (join_network_parse(text, &network, &err) < 0) {
                check_str(err.message, expected, text);
                return;
        }
        aliases = strv_join(&network.aliases, "+");
        got = str_format("%s %s %s %s %s %s", network.network, address_format(&network.ip, ip),
                         address_format(&network.ip6, ip6), network.mac ? network.mac : "-",
                         network.interface ? network.interface : "-", aliases);
        check_str(got, expected, text);
}

static void test_joins(void)
{
        join_is("back", "back   - - ");
        join_is("bridge", "crunit   - - ");
        join_is("back:ip=10.1.0.2,ip6=fd00::2,mac=02:00:00:00:00:01,interface_name=n0,alias=a,"
                "alias=b",
                "back 10.1.0.2 fd00::2 02:00:00:00:00:01 n0 a+b");
        join_is("a/b", "'a/b' is no network's name");
        join_is("back:ip=x", "ip=x: not an IP address");
        join_is("back:ip", "'ip' has no value");
        join_is("back:mac=01:00:00:00:00:01",
                "mac=01:00:00:00:00:01: not the address of one interface");
        join_is("back:interface_name=lo", "interface_name=lo: not an interface's name");
        join_is("back:aliass=x", "unknown option 'aliass', did you mean 'alias'?");
}

static void test_requests(void)
{
        AUTO_JOIN struct join_request request = { 0 }, again = { 0 };
        AUTO_JSON struct json_object *nothing = NULL;
        AUTO_JSON struct json_object *object = NULL;
        AUTO_JSON struct json_object *other = NULL;
        AUTO_FREE char *text = NULL;
        AUTO_FREE char *back = NULL;
        AUTO_ERROR struct error err = { 0 };

        request.storage = str_dup("/s");
        request.runtime = str_dup("/r");
        request.label = str_dup("web@");
        request.name = str_dup("web");
        nothing = json_object_new_object();
        check(join_request_from_json(nothing, &again, &err) < 0, "an empty request is refused");
        request.id = str_dup("0123");
        strv_append(&request.ports, "80");
        join_network_parse("back:ip=10.1.0.2,alias=x", join_add_network(&request), &err);
        object = join_request_to_json(&request);
        text = json_text(object, false);
        check(join_request_from_json(object, &again, NULL) == 0, "a request travels");
        other = join_request_to_json(&again);
        back = json_text(other, false);
        check_str(back, text, "without a change");
}

int main(void)
{
        char directory[] = "/tmp/crunit-test-network.XXXXXX";

        work = mkdtemp(directory);
        if (!work)
                return 99;
        test_definitions();
        test_wrong_definitions();
        test_files();
        test_leases();
        test_lease_order();
        test_lease_notes();
        test_members();
        test_joins();
        test_requests();
        io_remove_tree(AT_FDCWD, work, NULL);
        return tap_done();
}
