/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/base/io.h"
#include "../../src/base/str.h"
#include "../../src/network/firewall.h"
#include "../../src/network/member.h"
#include "../../src/network/port.h"
#include "../../src/network/published.h"
#include "../tap.h"

#include <netinet/in.h>
#include <stdlib.h>

static void port_is(const char *text, const char *expected)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_FREE char *got = NULL;
        struct port port;

        if (port_parse(text, &port, &err) < 0) {
                check_str(err.message, expected, text);
                return;
        }
        got = port_format(&port);
        if (port.choices) {
                AUTO_FREE char *more = str_format("%s of %u", got, port.choices);

                check_str(more, expected, text);
                return;
        }
        check_str(got, expected, text);
}

static void test_forms(void)
{
        port_is("80", "0.0.0.0:0->80/tcp");
        port_is("8080:80", "0.0.0.0:8080->80/tcp");
        port_is(":80", "0.0.0.0:0->80/tcp");
        port_is("127.0.0.1:8080:80", "127.0.0.1:8080->80/tcp");
        port_is("127.0.0.1::80/udp", "127.0.0.1:0->80/udp");
        port_is("0.0.0.0:8080:80/TCP", "0.0.0.0:8080->80/tcp");
        port_is("[::1]:8080:80", "[::1]:8080->80/tcp");
        port_is("::1:8080:80", "[::1]:8080->80/tcp");
        port_is("[::]:8080:80/sctp", "[::]:8080->80/sctp");
        port_is("::95", "0.0.0.0:0->95/tcp");
        port_is("8000-8003:80-83", "0.0.0.0:8000-8003->80-83/tcp");
        port_is("8000-8003:80", "0.0.0.0:8000->80/tcp of 4");
        port_is("80-83", "0.0.0.0:0-3->80-83/tcp");
        port_is("1-65535:1-65535", "0.0.0.0:1-65535->1-65535/tcp");
        port_is("", "'': the container's port '' is not PORT or FIRST-LAST");
        port_is("0", "'0': the container's port '0' is not PORT or FIRST-LAST");
        port_is("80:", "'80:': the container's port '' is not PORT or FIRST-LAST");
        port_is("65536", "'65536': the container's port '65536' is not PORT or FIRST-LAST");
        port_is("83-80", "'83-80': the container's port '83-80' is not PORT or FIRST-LAST");
        port_is("x:80", "'x:80': the host's port 'x' is not PORT or FIRST-LAST");
        port_is("80/icmp", "'80/icmp': the protocol is none of tcp, udp, sctp");
        port_is("80/", "'80/': the protocol is none of tcp, udp, sctp");
        port_is("localhost:80:80", "'localhost:80:80': 'localhost' is no IP address");
        port_is("[127.0.0.1]:80:80", "'[127.0.0.1]:80:80': '[127.0.0.1]' is no IP address");
        port_is("8000-8001:80-82", "'8000-8001:80-82': 2 ports of the host for 3 of the container");
        port_is("1:80-82", "'1:80-82': 1 ports of the host for 3 of the container");
}

static void conflict_is(const char *a, const char *b, bool expected)
{
        AUTO_FREE char *what = str_format("%s and %s", a, b);
        struct port one = { 0 }, other = { 0 };

        port_parse(a, &one, NULL);
        port_parse(b, &other, NULL);
        check(port_conflicts(&one, &other) == expected && port_conflicts(&other, &one) == expected,
              what);
}

static void test_conflicts(void)
{
        conflict_is("80:80", "80:81", true);
        conflict_is("80:80", "80:80/udp", false);
        conflict_is("80:80", "127.0.0.1:80:80", true);
        conflict_is("80:80", "[::1]:80:80", true);
        conflict_is("0.0.0.0:80:80", "[::]:80:80", false);
        conflict_is("127.0.0.1:80:80", "192.0.2.1:80:80", false);
        conflict_is("0.0.0.0:80:80", "192.0.2.1:80:80", true);
        conflict_is("8000-8003:80-83", "8003:80", true);
        conflict_is("8000-8003:80-83", "8004:80", false);
}

static void add(struct published_list *list, const char *label, const char *port, const char *to4,
                const char *to6)
{
        AUTO_FREE char *name = str_dup(label);
        struct published one = { .label = name };

        port_parse(port, &one.port, NULL);
        address_parse(to4, &one.to4);
        address_parse(to6, &one.to6);
        published_add(list, &one);
}

static void test_published(void)
{
        static const char text[] = "web@web tcp * 8080 1 80 10.89.0.2 fd00::2\n"
                                   "db@ udp 127.0.0.1 53 2 53 10.89.0.3 -\n";
        static const char broken[] = "web@web tcp * 8080 1 80 10.89.0.2\n"
                                     "x@ icmp * 1 1 1 - -\n"
                                     "x@ tcp * 65535 2 1 - -\n"
                                     "x@ tcp * 0 1 1 - -\n"
                                     "x@ tcp * 1 1 1 fd00::1 -\n"
                                     "x@ tcp y 1 1 1 - -\n";
        AUTO_PUBLISHED struct published_list list = { 0 }, removed = { 0 }, none = { 0 };
        AUTO_FREE char *again = NULL;
        struct port port;

        add(&list, "web@web", "8080:80", "10.89.0.2", "fd00::2");
        add(&list, "db@", "127.0.0.1:53-54:53-54/udp", "10.89.0.3", "");
        again = published_text(&list);
        check_str(again, text, "the list as text");
        published_free(&list);
        published_parse(text, &list);
        free(again);
        again = published_text(&list);
        check_str(again, text, "and back");
        published_parse(broken, &none);
        check(none.count == 0, "lines that make no sense are left out");
        port_parse("54:1/udp", &port, NULL);
        check_str(published_find_conflict(&list, &port)->label, "db@", "who has a port");
        published_remove(&list, "db@", &removed);
        check(list.count == 1 && removed.count == 1, "a container's ports go");
        check(!published_find_conflict(&list, &port), "and nobody has them");
}

static void write_member(const char *runtime, const char *label, const char *pod, const char *line)
{
        AUTO_JOINED struct joined member = { .label = str_dup(label),
                                             .name = str_dup("x"),
                                             .id = str_dup("1") };

        member.pod = pod ? str_dup(pod) : NULL;
        strv_append(&member.published, line);
        check(member_write(runtime, &member, NULL) == 0, label);
}

/* What is loaded after the file has become that. */
static void loads(const char *runtime, const char *text, bool collected, const char *expected)
{
        AUTO_FREE char *path = str_format("%s/network/ports", runtime);
        AUTO_PUBLISHED struct published_list list = { 0 };
        AUTO_FREE char *got = NULL;

        io_remove_tree(AT_FDCWD, path, NULL);
        if (text)
                io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, NULL);
        else
                io_make_dirs(AT_FDCWD, path, 0755, NULL);
        check(published_load(runtime, &list, NULL) == 0, "it can be loaded");
        got = published_text(&list);
        check_str(got, expected, text ? text : "a directory");
        check(list.collected == collected, "whether it was whole");
        check(published_save(runtime, &list, NULL) == 0, "and saved");
}

#define WEB "web@web tcp * 8080 1 80 10.89.0.2 -\n"
#define DB  "db@ udp 127.0.0.1 53 2 53 10.89.0.3 -\n"
#define POD "@pod tcp * 90 1 90 10.89.0.40 -\n"

static void test_published_damaged(void)
{
        char runtime[] = "/tmp/crunit-ports-XXXXXX";
        AUTO_FREE char *members = NULL;

        if (!mkdtemp(runtime))
                exit(99);
        members = str_concat(runtime, "/network/members");
        io_make_dirs(AT_FDCWD, members, 0755, NULL);
        loads(runtime, "", true, "");
        write_member(runtime, "web@web", NULL, "web@web tcp * 8080 1 80 10.89.0.2 -");
        write_member(runtime, "@pod", NULL, "@pod tcp * 90 1 90 10.89.0.40 -");
        write_member(runtime, "in@in", "pod", "in@in tcp * 91 1 91 10.89.0.40 -");
        loads(runtime, WEB DB POD "= 3\n", false, WEB DB POD);
        loads(runtime, "= 0\n", false, "");
        /* the members are in no order that is known */
        loads(runtime, WEB POD, true, WEB POD);
        loads(runtime, WEB DB POD "= 2\n", true, WEB DB POD);
        loads(runtime, WEB DB "@pod tcp * 90 1 90 10.89.0.4", true, WEB DB POD);
        loads(runtime, WEB "{{{{{{\n", true, WEB POD);
        loads(runtime, POD "@pod tcp", true, POD WEB);
        loads(runtime, "v2\n" WEB DB POD "3 lines\n", true, WEB DB POD);
        member_remove(runtime, "@pod", NULL);
        loads(runtime, NULL, true, WEB);
        loads(runtime, "gone", true, WEB);
        io_remove_tree(AT_FDCWD, runtime, NULL);
}

/* It is there as long as there are members, so that a start reads one file and not each of theirs.
 */
static void test_published_comes_and_goes(void)
{
        char runtime[] = "/tmp/crunit-ports-XXXXXX";
        AUTO_FREE char *path = NULL, *members = NULL, *text = NULL;
        AUTO_PUBLISHED struct published_list list = { 0 };

        if (!mkdtemp(runtime))
                exit(99);
        path = str_concat(runtime, "/network/ports");
        members = str_concat(runtime, "/network/members");
        io_make_dirs(AT_FDCWD, members, 0755, NULL);
        check(member_none(runtime) && access(members, F_OK) < 0, "nobody is a member");
        check(member_none(runtime), "and there is no directory");
        check(published_begin(runtime, NULL) == 0, "the file is made");
        write_member(runtime, "idle@idle", NULL, "idle@idle tcp * 1 1 1 10.89.0.2 -");
        check(!member_none(runtime), "somebody is");
        check(published_load(runtime, &list, NULL) == 0 && !list.count && !list.collected,
              "where nobody has ports, no member's file is read");
        add(&list, "web@web", "8080:80", "10.89.0.2", "");
        check(published_save(runtime, &list, NULL) == 0 && published_begin(runtime, NULL) == 0 &&
                      io_read_file(AT_FDCWD, path, 4096, &text, NULL, NULL) >= 0,
              "a port is published");
        check_str(text, WEB "= 1\n", "the file that was there stays");
        member_remove(runtime, "idle@idle", NULL);
        check(member_none(runtime) && published_end(runtime, NULL) == 0 && access(path, F_OK) == 0,
              "what nobody has taken back is not forgotten");
        published_free(&list);
        check(published_save(runtime, &list, NULL) == 0 && access(path, F_OK) == 0,
              "the last port goes");
        check(published_end(runtime, NULL) == 0 && access(path, F_OK) < 0, "and then the file");
        check(published_end(runtime, NULL) == 0, "once");
        io_make_dirs(AT_FDCWD, path, 0755, NULL);
        check(published_end(runtime, NULL) == 0 && access(path, F_OK) < 0, "a directory as well");
        io_remove_tree(AT_FDCWD, runtime, NULL);
}

static void elements_are(const char *port, const char *to4, const char *to6, const char *expected)
{
        AUTO_PUBLISHED struct published_list list = { 0 };
        AUTO_STRBUF struct strbuf got = { 0 };
        struct firewall_element element;
        uint32_t number = 0;
        char buffer[ADDRESS_TEXT];

        add(&list, "x@", port, to4, to6);
        while (firewall_next_element(&list.items[0], &number, &element)) {
                strbuf_appendf(&got, "%s%s %s", got.length ? ", " : "", element.map,
                               port_protocol_name(element.protocol));
                strbuf_appendf(&got, " %s|%u", address_format(&element.address, buffer),
                               element.port);
                strbuf_appendf(&got, " %s|%u", address_format(&element.to, buffer),
                               element.to_port);
        }
        check_str(got.data ? got.data : "", expected, port);
}

static void test_elements(void)
{
        elements_are("8080:80", "10.89.0.2", "", "pub_any4 tcp |8080 10.89.0.2|80");
        elements_are("8080:80", "10.89.0.2", "fd00::2",
                     "pub_any4 tcp |8080 10.89.0.2|80, pub_any6 tcp |8080 fd00::2|80");
        elements_are("0.0.0.0:8080:80", "10.89.0.2", "fd00::2", "pub_any4 tcp |8080 10.89.0.2|80");
        elements_are("[::]:8080:80", "10.89.0.2", "fd00::2", "pub_any6 tcp |8080 fd00::2|80");
        elements_are("127.0.0.1:8080-8081:80-81/udp", "10.89.0.2", "fd00::2",
                     "pub_addr4 udp 127.0.0.1|8080 10.89.0.2|80, "
                     "pub_addr4 udp 127.0.0.1|8081 10.89.0.2|81");
        elements_are("[::1]:53:5353/sctp", "10.89.0.2", "fd00::2",
                     "pub_addr6 sctp ::1|53 fd00::2|5353");
        elements_are("[::1]:53:53", "10.89.0.2", "", "");
}

static void line_is(const char *script, const char *expected)
{
        check(strstr(script, expected) != NULL, expected);
}

static void test_script(void)
{
        AUTO_PUBLISHED struct published_list list = { 0 };
        struct network networks[3] = { { 0 }, { 0 }, { 0 } };
        AUTO_FREE char *script = NULL, *empty = NULL;
        AUTO_ERROR struct error err = { 0 };

        empty = firewall_script(networks, 0, &list);
        check_str(empty, "add table inet crunit\ndelete table inet crunit\n",
                  "without networks there is no table");
        networks[0].interface = str_dup("br-a");
        subnet_parse("10.89.0.0/24", true, &network_add_subnet(&networks[0])->subnet, &err);
        subnet_parse("fd00::/64", true, &network_add_subnet(&networks[0])->subnet, &err);
        subnet_parse("2001:db8:7::/64", true, &network_add_subnet(&networks[0])->subnet, &err);
        networks[1].interface = str_dup("br-b");
        networks[1].internal = true;
        subnet_parse("10.89.1.0/24", true, &network_add_subnet(&networks[1])->subnet, &err);
        networks[2].interface = str_dup("br-c");
        strv_append(&networks[2].options, "masquerade=false");
        strv_append(&networks[2].options, "isolate=true");
        subnet_parse("192.0.2.0/24", true, &network_add_subnet(&networks[2])->subnet, &err);
        add(&list, "x@", "8080:80", "10.89.0.2", "");
        add(&list, "y@", "81:81", "10.89.0.3", "");
        script = firewall_script(networks, 3, &list);
        line_is(script, "  set bridges_v1 { type ifname; elements = { \"br-a\", \"br-b\", "
                        "\"br-c\" }; }\n");
        line_is(script, "  set internal { type ifname; elements = { \"br-b\" }; }\n");
        line_is(script, "  set isolated { type ifname; elements = { \"br-c\" }; }\n");
        line_is(script, "  set nets4 { type ipv4_addr; flags interval; elements = { 10.89.0.0/24 "
                        "}; }\n");
        line_is(script, "  set nets6 { type ipv6_addr; flags interval; elements = { fd00::/64 }; "
                        "}\n");
        line_is(script, "  set routed4 { type ipv4_addr; flags interval; elements = { "
                        "192.0.2.0/24 }; }\n");
        line_is(script, "  set routed6 { type ipv6_addr; flags interval; elements = { "
                        "2001:db8:7::/64 }; }\n");
        line_is(script, "\"br-a\" . 10.89.0.0/24, \"br-b\" . 10.89.1.0/24");
        line_is(script, "elements = { tcp . 8080 : 10.89.0.2 . 80, tcp . 81 : 10.89.0.3 . 81 }; "
                        "}\n");
        for (size_t i = 0; i < 3; i++)
                network_free(&networks[i]);
}

int main(void)
{
        test_forms();
        test_conflicts();
        test_published();
        test_published_damaged();
        test_published_comes_and_goes();
        test_elements();
        test_script();
        return tap_done();
}
