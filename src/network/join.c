/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "join.h"

#include "../base/json.h"
#include "network.h"

#include <netinet/in.h>

enum {
        JOIN_NETWORKS_MAX = 64
};

void join_network_free(struct join_network *network)
{
        free(network->network);
        free(network->mac);
        free(network->interface);
        strv_free(&network->aliases);
        *network = (struct join_network){ 0 };
}

void join_request_free(struct join_request *request)
{
        free(request->storage);
        free(request->runtime);
        free(request->label);
        free(request->name);
        free(request->id);
        free(request->namespace);
        strv_free(&request->aliases);
        strv_free(&request->ports);
        strv_free(&request->servers);
        for (size_t i = 0; i < request->network_count; i++)
                join_network_free(&request->networks[i]);
        free(request->networks);
        *request = (struct join_request){ 0 };
}

struct join_network *join_add_network(struct join_request *request)
{
        request->networks = alloc_grow(request->networks, request->network_count + 1,
                                       sizeof *request->networks);
        request->networks[request->network_count] = (struct join_network){ 0 };
        return &request->networks[request->network_count++];
}

/* --- one option of a network */

static int join_take_address(struct join_network *network, const char *value, struct error *err)
{
        struct address address;

        if (!address_parse(value, &address))
                return error_set(err, EINVAL, "ip=%s: not an IP address", value);
        if (address.family == AF_INET)
                network->ip = address;
        else
                network->ip6 = address;
        return 0;
}

static int join_take_mac(struct join_network *network, const char *value, struct error *err)
{
        unsigned char mac[6];

        if (!mac_parse(value, mac))
                return error_set(err, EINVAL, "mac=%s: not the address of one interface", value);
        str_replace(&network->mac, value);
        return 0;
}

static int join_take_alias(struct join_network *network, const char *value, struct error *err)
{
        if (!network_name_valid(value))
                return error_set(err, EINVAL, "alias=%s: not a name", value);
        strv_append(&network->aliases, value);
        return 0;
}

static int join_take_interface(struct join_network *network, const char *value, struct error *err)
{
        if (!network_interface_valid(value) || str_equal(value, "lo"))
                return error_set(err, EINVAL, "interface_name=%s: not an interface's name", value);
        str_replace(&network->interface, value);
        return 0;
}

static const struct join_option {
        const char *name;
        int (*take)(struct join_network *network, const char *value, struct error *err);
} join_options[] = {
        { "alias", join_take_alias }, { "interface_name", join_take_interface },
        { "ip", join_take_address },  { "ip6", join_take_address },
        { "mac", join_take_mac },     { .name = NULL },
};

static int join_take_option(struct join_network *network, const char *text, struct error *err)
{
        AUTO_FREE char *name = str_dupn(text, strcspn(text, "="));
        const char *value = strchr(text, '='), *nearest;

        for (const struct join_option *option = join_options; option->name; option++) {
                if (!str_equal(option->name, name))
                        continue;
                if (!value || !value[1])
                        return error_set(err, EINVAL, "'%s' has no value", name);
                return option->take(network, value + 1, err);
        }
        nearest = str_nearest_row(name, join_options, sizeof *join_options);
        return error_set(err, EINVAL, "unknown option '%s'%s%s%s", name,
                         nearest ? ", did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'?" : "");
}

int join_network_parse(const char *text, struct join_network *ret, struct error *err)
{
        size_t length = strcspn(text, ":");
        CLEANUP(join_network_free) struct join_network network = { 0 };
        AUTO_STRV struct strv options = { 0 };

        network.network = str_dupn(text, length);
        if (str_equal(network.network, "bridge") || str_equal(network.network, "default") ||
            str_equal(network.network, "private"))
                str_replace(&network.network, NETWORK_DEFAULT);
        if (!network_name_valid(network.network))
                return error_set(err, EINVAL, "'%s' is no network's name", network.network);
        if (text[length])
                strv_split(&options, text + length + 1, ",", false);
        for (size_t i = 0; i < options.count; i++)
                if (join_take_option(&network, options.items[i], err) < 0)
                        return -1;
        *ret = network;
        network = (struct join_network){ 0 };
        return 0;
}

/* --- requests as JSON */

static void join_set_address(struct json_object *object, const char *key,
                             const struct address *address)
{
        char buffer[ADDRESS_TEXT];

        if (address->family)
                json_set_string(object, key, address_format(address, buffer));
}

static int join_get_address(struct json_object *object, const char *key, struct address *ret,
                            struct error *err)
{
        const char *text = NULL;

        if (json_get_string(object, key, &text, err) < 0)
                return -1;
        if (text && !address_parse(text, ret))
                return error_set(err, EINVAL, "\"%s\": '%s' is no IP address", key, text);
        return 0;
}

struct json_object *join_request_to_json(const struct join_request *request)
{
        struct json_object *object = json_object_new_object(), *list;

        json_set_string(object, "storage", request->storage);
        json_set_string(object, "runtime", request->runtime);
        json_set_string(object, "label", request->label);
        json_set_string(object, "name", request->name);
        json_set_string(object, "id", request->id);
        json_set_string(object, "namespace", request->namespace);
        json_object_object_add(object, "forget", json_object_new_boolean(request->forget));
        json_set_strv(object, "aliases", &request->aliases);
        json_set_strv(object, "ports", &request->ports);
        if (request->servers.count)
                json_set_strv(object, "servers", &request->servers);
        list = json_add_array(object, "networks");
        for (size_t i = 0; i < request->network_count; i++) {
                const struct join_network *network = &request->networks[i];
                struct json_object *item = json_object_new_object();

                json_set_string(item, "network", network->network);
                join_set_address(item, "ip", &network->ip);
                join_set_address(item, "ip6", &network->ip6);
                json_set_string(item, "mac", network->mac);
                json_set_string(item, "interface", network->interface);
                json_set_strv(item, "aliases", &network->aliases);
                json_object_array_add(list, item);
        }
        return object;
}

static int join_take_network(struct json_object *item, struct join_network *network,
                             struct error *err)
{
        if (!json_object_is_type(item, json_type_object))
                return error_set(err, EINVAL, "a network is no object");
        if (json_copy_string(item, "network", &network->network, err) < 0 ||
            join_get_address(item, "ip", &network->ip, err) < 0 ||
            join_get_address(item, "ip6", &network->ip6, err) < 0 ||
            json_copy_string(item, "mac", &network->mac, err) < 0 ||
            json_copy_string(item, "interface", &network->interface, err) < 0 ||
            json_get_strv(item, "aliases", &network->aliases, err) < 0)
                return -1;
        return network->network ? 0 : error_set(err, EINVAL, "a network has no name");
}

static int join_take_strings(struct json_object *object, struct join_request *request,
                             struct error *err)
{
        const struct {
                const char *name;
                char **place;
        } strings[] = {
                { "storage", &request->storage }, { "runtime", &request->runtime },
                { "label", &request->label },     { "name", &request->name },
                { "id", &request->id },           { "namespace", &request->namespace },
        };

        for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
                if (json_copy_string(object, strings[i].name, strings[i].place, err) < 0)
                        return -1;
        return 0;
}

int join_request_from_json(struct json_object *object, struct join_request *ret, struct error *err)
{
        AUTO_JOIN struct join_request request = { 0 };
        struct json_object *list = NULL;

        if (join_take_strings(object, &request, err) < 0 ||
            json_get_bool(object, "forget", &request.forget, err) < 0 ||
            json_get_strv(object, "aliases", &request.aliases, err) < 0 ||
            json_get_strv(object, "ports", &request.ports, err) < 0 ||
            json_get_strv(object, "servers", &request.servers, err) < 0 ||
            json_get_array(object, "networks", &list, err) < 0)
                return -1;
        if (!request.storage || !request.runtime || !request.label || !request.name ||
            !request.id || !list || !json_object_array_length(list))
                return error_set(err, EINVAL, "the request is not complete");
        if (json_object_array_length(list) > JOIN_NETWORKS_MAX)
                return error_set(err, E2BIG, "these are more than %d networks", JOIN_NETWORKS_MAX);
        for (size_t i = 0; i < json_object_array_length(list); i++)
                if (join_take_network(json_object_array_get_idx(list, i),
                                      join_add_network(&request), err) < 0)
                        return -1;
        *ret = request;
        request = (struct join_request){ 0 };
        return 0;
}

/* --- what came of it */

static void joined_network_free(struct joined_network *network)
{
        free(network->network);
        free(network->interface);
        free(network->host_interface);
        free(network->mac);
        strv_free(&network->addresses);
        strv_free(&network->gateways);
        strv_free(&network->names);
}

void joined_free(struct joined *joined)
{
        free(joined->label);
        free(joined->name);
        free(joined->id);
        free(joined->pod);
        for (size_t i = 0; i < joined->network_count; i++)
                joined_network_free(&joined->networks[i]);
        free(joined->networks);
        strv_free(&joined->ports);
        strv_free(&joined->published);
        strv_free(&joined->nameservers);
        strv_free(&joined->servers);
        free(joined->forwarder);
        strv_free(&joined->notes);
        *joined = (struct joined){ 0 };
}

struct joined_network *joined_add_network(struct joined *joined)
{
        joined->networks =
                alloc_grow(joined->networks, joined->network_count + 1, sizeof *joined->networks);
        joined->networks[joined->network_count] = (struct joined_network){ 0 };
        return &joined->networks[joined->network_count++];
}

struct json_object *joined_to_json(const struct joined *joined)
{
        struct json_object *object = json_object_new_object(), *list;

        json_set_string(object, "label", joined->label);
        json_set_string(object, "name", joined->name);
        json_set_string(object, "id", joined->id);
        json_object_object_add(object, "forget", json_object_new_boolean(joined->forget));
        json_set_string(object, "pod", joined->pod);
        list = json_add_array(object, "networks");
        for (size_t i = 0; i < joined->network_count; i++) {
                const struct joined_network *network = &joined->networks[i];
                struct json_object *item = json_object_new_object();

                json_set_string(item, "network", network->network);
                json_set_string(item, "interface", network->interface);
                json_set_string(item, "host_interface", network->host_interface);
                json_set_string(item, "mac", network->mac);
                json_set_strv(item, "addresses", &network->addresses);
                json_set_strv(item, "gateways", &network->gateways);
                json_set_strv(item, "names", &network->names);
                json_object_object_add(item, "dns", json_object_new_boolean(network->dns));
                json_object_array_add(list, item);
        }
        json_set_strv(object, "ports", &joined->ports);
        if (joined->published.count)
                json_set_strv(object, "published", &joined->published);
        json_set_strv(object, "nameservers", &joined->nameservers);
        if (joined->servers.count)
                json_set_strv(object, "servers", &joined->servers);
        json_set_string(object, "forwarder", joined->forwarder);
        if (joined->notes.count)
                json_set_strv(object, "notes", &joined->notes);
        return object;
}

static int joined_take_network(struct json_object *item, struct joined_network *network,
                               struct error *err)
{
        if (!json_object_is_type(item, json_type_object))
                return error_set(err, EINVAL, "a network is no object");
        if (json_copy_string(item, "network", &network->network, err) < 0 ||
            json_copy_string(item, "interface", &network->interface, err) < 0 ||
            json_copy_string(item, "host_interface", &network->host_interface, err) < 0 ||
            json_copy_string(item, "mac", &network->mac, err) < 0 ||
            json_get_strv(item, "addresses", &network->addresses, err) < 0 ||
            json_get_strv(item, "gateways", &network->gateways, err) < 0 ||
            json_get_strv(item, "names", &network->names, err) < 0 ||
            json_get_bool(item, "dns", &network->dns, err) < 0)
                return -1;
        return network->network ? 0 : error_set(err, EINVAL, "a network has no name");
}

static int joined_take_servers(struct json_object *object, struct joined *joined, struct error *err)
{
        if (json_get_strv(object, "nameservers", &joined->nameservers, err) < 0 ||
            json_get_strv(object, "servers", &joined->servers, err) < 0)
                return -1;
        return json_copy_string(object, "forwarder", &joined->forwarder, err);
}

int joined_from_json(struct json_object *object, struct joined *ret, struct error *err)
{
        AUTO_JOINED struct joined joined = { 0 };
        struct json_object *list = NULL;

        if (!json_object_is_type(object, json_type_object))
                return error_set(err, EINVAL, "it is no object");
        if (json_copy_string(object, "label", &joined.label, err) < 0 ||
            json_copy_string(object, "name", &joined.name, err) < 0 ||
            json_copy_string(object, "id", &joined.id, err) < 0 ||
            json_get_bool(object, "forget", &joined.forget, err) < 0 ||
            json_copy_string(object, "pod", &joined.pod, err) < 0 ||
            json_get_strv(object, "ports", &joined.ports, err) < 0 ||
            json_get_strv(object, "published", &joined.published, err) < 0 ||
            joined_take_servers(object, &joined, err) < 0 ||
            json_get_strv(object, "notes", &joined.notes, err) < 0 ||
            json_get_array(object, "networks", &list, err) < 0)
                return -1;
        if (list && json_object_array_length(list) > JOIN_NETWORKS_MAX)
                return error_set(err, E2BIG, "these are more than %d networks", JOIN_NETWORKS_MAX);
        for (size_t i = 0; list && i < json_object_array_length(list); i++)
                if (joined_take_network(json_object_array_get_idx(list, i),
                                        joined_add_network(&joined), err) < 0)
                        return -1;
        if (!joined.label || !joined.name || !joined.id)
                return error_set(err, EINVAL, "it is not complete");
        *ret = joined;
        joined = (struct joined){ 0 };
        return 0;
}
