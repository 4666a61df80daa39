/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-view.h"

#include "../base/json.h"
#include "../container/place.h"
#include "../container/pod.h"
#include "../network/member.h"
#include "../network/published.h"

/* ADDRESS/BITS of one family under three names; empty where there is none. */
static void view_address(const struct joined_network *joined, bool v6, struct json_object *object)
{
        const char *address = NULL, *gateway = NULL;
        AUTO_FREE char *plain = NULL;

        for (size_t i = 0; i < joined->addresses.count; i++)
                if ((strchr(joined->addresses.items[i], ':') != NULL) == v6)
                        address = joined->addresses.items[i];
        for (size_t i = 0; i < joined->gateways.count; i++)
                if ((strchr(joined->gateways.items[i], ':') != NULL) == v6)
                        gateway = joined->gateways.items[i];
        plain = str_dupn(address ? address : "", address ? strcspn(address, "/") : 0);
        json_set_string(object, v6 ? "GlobalIPv6Address" : "IPAddress", plain);
        json_object_object_add(object, v6 ? "GlobalIPv6PrefixLen" : "IPPrefixLen",
                               json_object_new_int(address ? atoi(strchr(address, '/') + 1) : 0));
        json_set_string(object, v6 ? "IPv6Gateway" : "Gateway", gateway ? gateway : "");
}

static void view_networks(const struct joined *member, struct json_object *object)
{
        struct json_object *networks = json_add_object(object, "Networks");

        for (size_t i = 0; i < member->network_count; i++) {
                const struct joined_network *joined = &member->networks[i];
                struct json_object *item = json_add_object(networks, joined->network);

                view_address(joined, false, item);
                view_address(joined, true, item);
                json_set_string(item, "MacAddress", joined->mac ? joined->mac : "");
                json_set_string(item, "InterfaceName", joined->interface);
                json_set_strv(item, "Aliases", &joined->names);
        }
}

static void view_port(const struct port *port, struct json_object *ports)
{
        for (unsigned i = 0; i < port->count; i++) {
                AUTO_FREE char *key = str_format("%u/%s", port->container + i,
                                                 port_protocol_name(port->protocol));
                AUTO_FREE char *number = str_format("%u", port->host + i);
                struct json_object *list = NULL, *item = json_object_new_object();
                char address[ADDRESS_TEXT] = "0.0.0.0";

                if (port->address.family)
                        address_format(&port->address, address);
                json_set_string(item, "HostIp", address);
                json_set_string(item, "HostPort", number);
                if (!json_object_object_get_ex(ports, key, &list))
                        list = json_add_array(ports, key);
                json_object_array_add(list, item);
        }
}

static void view_ports(const char *label, struct json_object *object)
{
        struct json_object *ports = json_add_object(object, "Ports");
        AUTO_PUBLISHED struct published_list list = { 0 };

        published_load(place_runtime(), &list, NULL);
        for (size_t i = 0; i < list.count; i++)
                if (str_equal(list.items[i].label, label))
                        view_port(&list.items[i].port, ports);
}

/* A container that shares its pod's network is on the pod's networks. */
char *network_view_label(const struct container_state *state, const char *run)
{
        const char *slash = strrchr(run, '/');
        AUTO_FREE char *label = state->pod ? pod_label(state->pod) : NULL;
        AUTO_JOINED struct joined pod = { 0 };

        if (label && member_read(place_runtime(), label, &pod, NULL) == 0 && pod.network_count &&
            strv_contains(&state->networks, pod.networks[0].network))
                return steal_str(&label);
        return str_dup(slash ? slash + 1 : run);
}

void network_view_add_label(const char *label, const char *sandbox, struct json_object *object)
{
        struct json_object *settings = json_add_object(object, "NetworkSettings");
        AUTO_JOINED struct joined member = { 0 };

        json_set_string(settings, "SandboxKey", sandbox);
        view_ports(label, settings);
        if (member_read(place_runtime(), label, &member, NULL) < 0)
                return;
        /* Of the first one once more, as podman has it. */
        if (member.network_count) {
                view_address(&member.networks[0], false, settings);
                view_address(&member.networks[0], true, settings);
                json_set_string(settings, "MacAddress",
                                member.networks[0].mac ? member.networks[0].mac : "");
        }
        view_networks(&member, settings);
}

void network_view_add(const struct container_state *state, const char *run,
                      struct json_object *object)
{
        AUTO_FREE char *label = network_view_label(state, run);
        AUTO_FREE char *sandbox = str_format("/proc/%d/ns/net", (int)state->init.pid);

        network_view_add_label(label, state->init.pid && state_alive(state) ? sandbox : NULL,
                               object);
}
