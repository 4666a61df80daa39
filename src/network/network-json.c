/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions of networks as JSON, and as files. */
#include "../base/io.h"
#include "../base/json.h"
#include "network.h"

#include <dirent.h>

enum {
        NETWORK_FILE_MAX = 1024 * 1024,
        NETWORK_ITEMS_MAX = 256, /* subnets, routes */
};

static void network_set_address(struct json_object *object, const char *key,
                                const struct address *address)
{
        char buffer[ADDRESS_TEXT];

        if (address->family)
                json_set_string(object, key, address_format(address, buffer));
}

static void network_set_bool(struct json_object *object, const char *key, bool value)
{
        json_object_object_add(object, key, json_object_new_boolean(value));
}

static struct json_object *network_subnet_json(const struct network_subnet *subnet)
{
        struct json_object *object = json_object_new_object(), *range;
        char buffer[ADDRESS_TEXT];

        json_set_string(object, "subnet", subnet_format(&subnet->subnet, buffer));
        network_set_address(object, "gateway", &subnet->gateway);
        if (subnet->range.first.family) {
                range = json_add_object(object, "lease_range");
                network_set_address(range, "start_ip", &subnet->range.first);
                network_set_address(range, "end_ip", &subnet->range.last);
        }
        return object;
}

static struct json_object *network_route_json(const struct network_route *route)
{
        struct json_object *object = json_object_new_object();
        char buffer[ADDRESS_TEXT];

        json_set_string(object, "destination", subnet_format(&route->destination, buffer));
        network_set_address(object, "gateway", &route->gateway);
        if (route->metric)
                json_object_object_add(object, "metric", json_object_new_int64(route->metric));
        return object;
}

struct json_object *network_to_json(const struct network *network, bool request)
{
        struct json_object *object = json_object_new_object(), *list;

        json_set_string(object, "name", network->name);
        json_set_string(object, "id", network->id);
        json_set_string(object, "driver", network_driver_name(network->driver));
        json_set_string(object, "network_interface", network->interface);
        json_set_string(object, "created", network->created);
        if (network->subnet_count) {
                list = json_add_array(object, "subnets");
                for (size_t i = 0; i < network->subnet_count; i++)
                        json_object_array_add(list, network_subnet_json(&network->subnets[i]));
        }
        if (network->route_count) {
                list = json_add_array(object, "routes");
                for (size_t i = 0; i < network->route_count; i++)
                        json_object_array_add(list, network_route_json(&network->routes[i]));
        }
        network_set_bool(object, "ipv6_enabled", network->ipv6);
        network_set_bool(object, "internal", network->internal);
        network_set_bool(object, "dns_enabled", network->dns);
        if (network->dns_servers.count)
                json_set_strv(object, "network_dns_servers", &network->dns_servers);
        if (network->labels.count)
                json_set_pairs(object, "labels", &network->labels);
        if (network->options.count)
                json_set_pairs(object, "options", &network->options);
        json_set_string(json_add_object(object, "ipam_options"), "driver",
                        network->no_addresses ? "none" : "host-local");
        if (request)
                json_set_string(object, "x_request", network->request);
        return object;
}

/* --- reading */

static int network_get_address(struct json_object *object, const char *key, struct address *ret,
                               struct error *err)
{
        const char *text = NULL;

        if (json_get_string(object, key, &text, err) < 0)
                return -1;
        if (text && *text && !address_parse(text, ret))
                return error_set(err, EINVAL, "\"%s\": '%s' is no IP address", key, text);
        return 0;
}

static int network_get_subnet(struct json_object *object, const char *key, struct subnet *ret,
                              struct error *err)
{
        const char *text = NULL;

        if (json_get_string(object, key, &text, err) < 0)
                return -1;
        if (!text)
                return error_set(err, EINVAL, "\"%s\" is missing", key);
        return subnet_parse(text, false, ret, err);
}

static int network_get_pairs(struct json_object *object, const char *key, struct strv *ret,
                             struct error *err)
{
        struct json_object *map = NULL;

        if (json_get_object(object, key, &map, err) < 0)
                return -1;
        if (!map)
                return 0;
        json_object_object_foreach(map, name, value)
        {
                if (!json_object_is_type(value, json_type_string) || !*name || strchr(name, '='))
                        return error_set(err, EINVAL, "\"%s\": \"%s\" is no name of a string", key,
                                         name);
                strv_appendf(ret, "%s=%s", name, json_object_get_string(value));
        }
        return 0;
}

/* The one range there is; a missing end is the subnet's. */
static int network_get_range(struct json_object *object, struct network_subnet *subnet,
                             struct error *err)
{
        struct json_object *range = NULL;
        struct address_range *out = &subnet->range;

        if (json_get_object(object, "lease_range", &range, err) < 0)
                return -1;
        if (!range)
                return 0;
        subnet_bounds(&subnet->subnet, out);
        if (network_get_address(range, "start_ip", &out->first, err) < 0 ||
            network_get_address(range, "end_ip", &out->last, err) < 0)
                return -1;
        if (address_compare(&out->first, &out->last) > 0)
                return error_set(err, EINVAL, "\"lease_range\" ends before it begins");
        return 0;
}

static int network_take_subnet(struct network *network, struct json_object *object,
                               struct error *err)
{
        struct network_subnet *subnet = network_add_subnet(network);

        if (network_get_subnet(object, "subnet", &subnet->subnet, err) < 0 ||
            network_get_address(object, "gateway", &subnet->gateway, err) < 0)
                return -1;
        return network_get_range(object, subnet, err);
}

static int network_take_route(struct network *network, struct json_object *object,
                              struct error *err)
{
        struct network_route *route = network_add_route(network);
        int64_t metric = 0;

        if (network_get_subnet(object, "destination", &route->destination, err) < 0 ||
            network_get_address(object, "gateway", &route->gateway, err) < 0 ||
            json_get_int(object, "metric", &metric, err) < 0)
                return -1;
        if (metric < 0 || metric > UINT32_MAX)
                return error_set(err, EINVAL, "\"metric\" is none of 0 to 4294967295");
        route->metric = (uint32_t)metric;
        return 0;
}

static int network_take_list(struct network *network, struct json_object *object, const char *key,
                             int (*take)(struct network *, struct json_object *, struct error *),
                             struct error *err)
{
        struct json_object *list = NULL;

        if (json_get_array(object, key, &list, err) < 0)
                return -1;
        if (list && json_object_array_length(list) > NETWORK_ITEMS_MAX)
                return error_set(err, E2BIG, "\"%s\" has more than %d items", key,
                                 NETWORK_ITEMS_MAX);
        for (size_t i = 0; list && i < json_object_array_length(list); i++) {
                struct json_object *item = json_object_array_get_idx(list, i);

                if (!json_object_is_type(item, json_type_object))
                        return error_set(err, EINVAL, "\"%s\" has an item that is no object", key);
                if (take(network, item, err) < 0)
                        return error_wrap(err, "\"%s\"", key);
        }
        return 0;
}

static int network_take_ipam(struct network *network, struct json_object *object, struct error *err)
{
        struct json_object *options = NULL;
        const char *driver = NULL;

        if (json_get_object(object, "ipam_options", &options, err) < 0 ||
            (options && json_get_string(options, "driver", &driver, err) < 0))
                return -1;
        if (driver && !str_equal(driver, "host-local") && !str_equal(driver, "none"))
                return error_set(err, EOPNOTSUPP, "the IPAM driver '%s' is not supported", driver);
        network->no_addresses = str_equal(driver, "none");
        return 0;
}

static int network_take_driver(struct network *network, struct json_object *object,
                               struct error *err)
{
        const char *driver = "bridge";

        if (json_get_string(object, "driver", &driver, err) < 0)
                return -1;
        return network_driver_parse(driver, &network->driver, err);
}

int network_from_json(struct json_object *object, struct network *ret, struct error *err)
{
        AUTO_NETWORK struct network network = { 0 };

        if (!json_object_is_type(object, json_type_object))
                return error_set(err, EINVAL, "a network is an object");
        if (json_copy_string(object, "name", &network.name, err) < 0 ||
            json_copy_string(object, "id", &network.id, err) < 0 ||
            json_copy_string(object, "created", &network.created, err) < 0 ||
            json_copy_string(object, "network_interface", &network.interface, err) < 0 ||
            json_copy_string(object, "x_request", &network.request, err) < 0 ||
            json_get_bool(object, "ipv6_enabled", &network.ipv6, err) < 0 ||
            json_get_bool(object, "internal", &network.internal, err) < 0 ||
            json_get_bool(object, "dns_enabled", &network.dns, err) < 0 ||
            json_get_strv(object, "network_dns_servers", &network.dns_servers, err) < 0 ||
            network_take_driver(&network, object, err) < 0 ||
            network_take_list(&network, object, "subnets", network_take_subnet, err) < 0 ||
            network_take_list(&network, object, "routes", network_take_route, err) < 0 ||
            network_get_pairs(object, "labels", &network.labels, err) < 0 ||
            network_get_pairs(object, "options", &network.options, err) < 0 ||
            network_take_ipam(&network, object, err) < 0 || network_check(&network, err) < 0)
                return -1;
        *ret = network;
        network = (struct network){ 0 };
        return 0;
}

/* --- files */

static char *network_path(const char *storage, const char *name)
{
        return str_format("%s/networks/%s.json", storage, name);
}

static int network_read(const char *path, const char *name, struct network *ret, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_NETWORK struct network network = { 0 };

        if (json_read_file(AT_FDCWD, path, NETWORK_FILE_MAX, &object, err) < 0)
                return -1;
        if (network_from_json(object, &network, err) < 0)
                return error_wrap(err, "%s", path);
        if (!str_equal(network.name, name))
                return error_set(err, EINVAL, "%s: it has the name '%s'", path, network.name);
        *ret = network;
        network = (struct network){ 0 };
        return 0;
}

int network_load(const char *storage, const char *name, struct network *ret, struct error *err)
{
        AUTO_FREE char *path = network_path(storage, name);
        AUTO_ERROR struct error why = { 0 };

        if (!network_name_valid(name))
                return error_set(err, ENOENT, "there is no network '%s'", name);
        if (access(path, F_OK) < 0 && errno == ENOENT)
                return error_set(err, ENOENT, "there is no network '%s'", name);
        if (network_read(path, name, ret, &why) == 0)
                return 0;
        return error_set(err, EBADMSG,
                         "the definition of network '%s' is damaged (%s): crunit network rm -f %s "
                         "removes it",
                         name, why.message, name);
}

/* The names whose ids begin so. */
static int network_find_ids(const char *storage, const char *text, struct strv *ret,
                            struct error *err)
{
        AUTO_STRV struct strv names = { 0 };

        if (network_list(storage, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                AUTO_NETWORK struct network network = { 0 };

                if (network_load(storage, names.items[i], &network, NULL) == 0 && network.id &&
                    str_has_prefix(network.id, text))
                        strv_append(ret, network.name);
        }
        return 0;
}

int network_resolve(const char *storage, const char *text, char **ret, struct error *err)
{
        AUTO_FREE char *path = network_path(storage, text);
        AUTO_STRV struct strv found = { 0 };

        if (network_name_valid(text) && access(path, F_OK) == 0) {
                *ret = str_dup(text);
                return 0;
        }
        if (*text && network_find_ids(storage, text, &found, err) < 0)
                return -1;
        if (found.count > 1)
                return error_set(err, EINVAL, "the ids of networks '%s' and '%s' begin with %s",
                                 found.items[0], found.items[1], text);
        if (!found.count)
                return error_set(err, ENOENT, "there is no network '%s'", text);
        *ret = str_dup(found.items[0]);
        return 0;
}

int network_save(const char *storage, const struct network *network, struct error *err)
{
        AUTO_FREE char *path = network_path(storage, network->name);
        AUTO_FREE char *directory = str_format("%s/networks", storage);
        AUTO_JSON struct json_object *object = network_to_json(network, true);
        AUTO_FREE char *text = NULL;

        if (json_document(object, true, &text, err) < 0 || network_check(network, err) < 0 ||
            io_make_dirs(AT_FDCWD, directory, 0755, err) < 0)
                return -1;
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_SYNC, err);
}

int network_delete(const char *storage, const char *name, struct error *err)
{
        AUTO_FREE char *path = network_path(storage, name);
        AUTO_FREE char *leases = str_format("%s/networks/%s.leases", storage, name);

        if (io_remove_tree(AT_FDCWD, path, err) < 0)
                return -1;
        return io_remove_tree(AT_FDCWD, leases, err);
}

static int network_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int network_list(const char *storage, struct strv *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/networks", storage);
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot read %s", path);
        while ((entry = readdir(dir))) {
                size_t length = strlen(entry->d_name);
                AUTO_FREE char *name = NULL;

                if (!str_has_suffix(entry->d_name, ".json"))
                        continue;
                name = str_dupn(entry->d_name, length - 5);
                if (network_name_valid(name))
                        strv_append(ret, name);
        }
        if (ret->count)
                qsort(ret->items, ret->count, sizeof *ret->items, network_compare);
        return 0;
}
