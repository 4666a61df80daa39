/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../../src/base/json.h"
#include "../../src/network/graph.h"
#include "../tap.h"

/* Two networks: on the first one two containers, of which one has ports and is on the second one
 * as well; a third network is empty. */
static const char *const networks_text[] = {
        "{\"name\":\"back\",\"driver\":\"bridge\",\"network_interface\":\"br-back\",\"dns_"
        "enabled\":"
        "true,\"subnets\":[{\"subnet\":\"10.1.0.0/24\",\"gateway\":\"10.1.0.1\"},"
        "{\"subnet\":\"fd00:1::/64\",\"gateway\":\"fd00:1::1\"}]}",
        ("{\"name\":\"closed\",\"driver\":\"bridge\",\"network_interface\":\"br-closed\","
         "\"internal\":true,\"subnets\":[{\"subnet\":\"10.2.0.0/24\"}]}"),
        "{\"name\":\"lan\",\"driver\":\"macvlan\",\"subnets\":[{\"subnet\":\"192.0.2.0/24\"}]}",
};

static const char *const members_text[] = {
        "{\"label\":\"db@\",\"name\":\"db\",\"id\":\"aa\",\"networks\":[{\"network\":\"back\","
        "\"interface\":\"eth0\",\"addresses\":[\"10.1.0.2/24\"]}]}",
        "{\"label\":\"web@site\",\"name\":\"web\",\"id\":\"bb\",\"networks\":["
        "{\"network\":\"closed\",\"interface\":\"eth1\",\"addresses\":[\"10.2.0.2/24\"]},"
        "{\"network\":\"back\",\"interface\":\"eth0\",\"addresses\":[\"10.1.0.20/24\","
        "\"fd00:1::3/64\"]}]}",
};

/* The third one is somebody's who is not shown; the fourth has an address that only begins as one
 * that is there. */
static const char ports_text[] = "web@site tcp * 8080 1 80 10.1.0.20 fd00:1::3\n"
                                 "web@site udp 127.0.0.1 53 2 5353 10.1.0.20 -\n"
                                 "gone@ tcp * 81 1 81 10.1.0.2 -\n"
                                 "db@ tcp * 82 1 82 10.1.0.22 -\n";

enum {
        NETWORKS = sizeof networks_text / sizeof *networks_text,
        MEMBERS = sizeof members_text / sizeof *members_text,
};

static struct network networks[NETWORKS];
static struct joined members[MEMBERS];
static struct published_list ports;

static struct json_object *parsed(const char *text)
{
        AUTO_ERROR struct error err = { 0 };
        struct json_object *object = NULL;

        if (json_parse(text, strlen(text), "test", &object, &err) < 0)
                check_str(err.message, NULL, text);
        return object;
}

static void load(void)
{
        AUTO_ERROR struct error err = { 0 };

        for (size_t i = 0; i < NETWORKS; i++) {
                AUTO_JSON struct json_object *object = parsed(networks_text[i]);

                check(network_from_json(object, &networks[i], &err) == 0, "a network is read");
        }
        for (size_t i = 0; i < MEMBERS; i++) {
                AUTO_JSON struct json_object *object = parsed(members_text[i]);

                check(joined_from_json(object, &members[i], &err) == 0, "a member is read");
        }
        published_parse(ports_text, &ports);
        check(ports.count == 4, "four ports are read");
}

static struct graph graph_of(size_t first, size_t count)
{
        return (struct graph){ .networks = networks + first,
                               .network_count = count,
                               .members = members,
                               .member_count = MEMBERS,
                               .ports = &ports };
}

static void test_tree(void)
{
        const struct graph all = graph_of(0, NETWORKS), one = graph_of(1, 1), none = graph_of(0, 0);
        AUTO_FREE char *utf8 = graph_tree(&all, true), *ascii = graph_tree(&all, false);
        AUTO_FREE char *part = graph_tree(&one, false), *empty = graph_tree(&none, true);

        check_str(utf8,
                  "back: bridge br-back, 10.1.0.0/24, fd00:1::/64\n"
                  "├─db 10.1.0.2\n"
                  "└─web 10.1.0.20 fd00:1::3 (site.service)\n"
                  "  ├─0.0.0.0:8080->80/tcp\n"
                  "  └─127.0.0.1:53-54->5353-5354/udp\n"
                  "closed: bridge br-closed, 10.2.0.0/24, internal\n"
                  "└─web 10.2.0.2 (site.service)\n"
                  "lan: macvlan, 192.0.2.0/24\n",
                  "a tree with lines");
        check_str(ascii,
                  "back: bridge br-back, 10.1.0.0/24, fd00:1::/64\n"
                  "|-db 10.1.0.2\n"
                  "`-web 10.1.0.20 fd00:1::3 (site.service)\n"
                  "  |-0.0.0.0:8080->80/tcp\n"
                  "  `-127.0.0.1:53-54->5353-5354/udp\n"
                  "closed: bridge br-closed, 10.2.0.0/24, internal\n"
                  "`-web 10.2.0.2 (site.service)\n"
                  "lan: macvlan, 192.0.2.0/24\n",
                  "a tree of ASCII");
        check_str(part,
                  "closed: bridge br-closed, 10.2.0.0/24, internal\n"
                  "`-web 10.2.0.2 (site.service)\n",
                  "the tree of one network");
        check_str(empty, "", "no tree");
}

static void test_dot(void)
{
        const struct graph all = graph_of(0, 2), lan = graph_of(2, 1);
        AUTO_FREE char *text = graph_dot(&all), *part = graph_dot(&lan);

        check_str(
                text,
                "digraph crunit {\n"
                "\trankdir=LR;\n"
                "\tnode [shape=box];\n"
                "\t\"container db@\" [label=\"db\"];\n"
                "\t\"container web@site\" [label=\"web\"];\n"
                "\t\"network back\" [shape=ellipse, label=\"back\\n10.1.0.0/24\\nfd00:1::/64\"];\n"
                "\t\"container db@\" -> \"network back\" [dir=none, label=\"10.1.0.2\"];\n"
                "\t\"container web@site\" -> \"network back\" [dir=none, "
                "label=\"10.1.0.20\\nfd00:1::3\"];\n"
                "\t\"port 0.0.0.0:8080->80/tcp\" [shape=plaintext, "
                "label=\"0.0.0.0:8080->80/tcp\"];\n"
                "\t\"port 0.0.0.0:8080->80/tcp\" -> \"container web@site\";\n"
                "\t\"port 127.0.0.1:53-54->5353-5354/udp\" [shape=plaintext, "
                "label=\"127.0.0.1:53-54->5353-5354/udp\"];\n"
                "\t\"port 127.0.0.1:53-54->5353-5354/udp\" -> \"container web@site\";\n"
                "\t\"network closed\" [shape=ellipse, style=dashed, "
                "label=\"closed\\n10.2.0.0/24\"];\n"
                "\t\"container web@site\" -> \"network closed\" [dir=none, label=\"10.2.0.2\"];\n"
                "}\n",
                "for dot");
        check_str(part,
                  "digraph crunit {\n"
                  "\trankdir=LR;\n"
                  "\tnode [shape=box];\n"
                  "\t\"network lan\" [shape=ellipse, label=\"lan\\n192.0.2.0/24\"];\n"
                  "}\n",
                  "a container is not shown without a network of its own");
}

static void test_json(void)
{
        const struct graph some = graph_of(0, 1);
        AUTO_JSON struct json_object *object = graph_json(&some);
        AUTO_FREE char *text = json_text(object, false);

        check_str(
                text,
                "{\"networks\":[{\"name\":\"back\",\"driver\":\"bridge\",\"interface\":\"br-back\","
                "\"subnets\":[\"10.1.0.0/24\",\"fd00:1::/64\"],\"internal\":false,\"dns\":true,"
                "\"containers\":[{\"name\":\"db\",\"id\":\"aa\",\"interface\":\"eth0\","
                "\"addresses\":[\"10.1.0.2/24\"],\"ports\":[]},{\"name\":\"web\",\"id\":\"bb\","
                "\"unit\":\"site.service\",\"interface\":\"eth0\",\"addresses\":[\"10.1.0.20/24\","
                "\"fd00:1::3/64\"],\"ports\":[{\"address\":\"*\",\"host\":8080,\"container\":80,"
                "\"count\":1,\"protocol\":\"tcp\"},{\"address\":\"127.0.0.1\",\"host\":53,"
                "\"container\":5353,\"count\":2,\"protocol\":\"udp\"}]}]}]}",
                "as JSON");
}

int main(void)
{
        load();
        test_tree();
        test_dot();
        test_json();
        for (size_t i = 0; i < NETWORKS; i++)
                network_free(&networks[i]);
        for (size_t i = 0; i < MEMBERS; i++)
                joined_free(&members[i]);
        published_free(&ports);
        return tap_done();
}
