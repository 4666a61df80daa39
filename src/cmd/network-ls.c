/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit network ls, inspect, exists. */
#include "../base/json.h"
#include "../base/log.h"
#include "../network/member.h"
#include "../network/network.h"
#include "format.h"
#include "listing.h"
#include "network-cmd.h"
#include "network-filter.h"
#include "network-setup.h"

#include <errno.h>
#include <stddef.h>

enum {
        LS_COLUMNS = 3,
        LS_SHORT_ID = 12,
};

struct ls_request {
        struct strv filters;
        char *format; /* owned */
        bool quiet, whole, no_heading;
};

const struct option_row cmd_network_ls_options[] = {
        LISTING_ROWS(struct ls_request,
                     "name=, id=, driver=, label=, dangling=, until=", "{{.name}}", "names"),
        { .name = "no-trunc",
          .kind = OPTION_FLAG,
          .help = "do not shorten ids",
          .take = option_take_bool,
          .field = offsetof(struct ls_request, whole) },
        { .name = NULL },
};

/* --- inspect */

struct inspect_request {
        char *format; /* owned */
};

const struct option_row cmd_network_inspect_options[] = {
        { "format", 'f', OPTION_VALUE, "FORMAT", "json, or a template such as '{{.driver}}'",
          format_take, offsetof(struct inspect_request, format) },
        { .name = NULL },
};

static void inspect_free(struct inspect_request *request)
{
        free(request->format);
}

/* podman's form: by id, with the name and the interfaces. */
static void inspect_add_container(struct json_object *containers, const struct joined *member,
                                  const struct joined_network *joined)
{
        struct json_object *object = json_add_object(containers, member->id);
        struct json_object *interface, *subnets;

        json_set_string(object, "name", member->name);
        interface = json_add_object(json_add_object(object, "interfaces"), joined->interface);
        subnets = json_add_array(interface, "subnets");
        for (size_t i = 0; i < joined->addresses.count; i++) {
                const char *address = joined->addresses.items[i];
                struct json_object *subnet = json_object_new_object();

                json_set_string(subnet, "ipnet", address);
                for (size_t j = 0; j < joined->gateways.count; j++)
                        if (!strchr(joined->gateways.items[j], ':') == !strchr(address, ':'))
                                json_set_string(subnet, "gateway", joined->gateways.items[j]);
                json_object_array_add(subnets, subnet);
        }
        json_set_string(interface, "mac_address", joined->mac);
}

static int inspect_add_containers(const struct network_setup *setup, const char *name,
                                  struct json_object *object, struct error *err)
{
        struct json_object *containers = json_add_object(object, "containers");
        AUTO_STRV struct strv labels = { 0 };

        if (member_list(setup->context.runtime, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_JOINED struct joined member = { 0 };

                if (member_read(setup->context.runtime, labels.items[i], &member, NULL) < 0 ||
                    !setup->context.alive(NULL, labels.items[i]))
                        continue;
                for (size_t j = 0; j < member.network_count; j++)
                        if (str_equal(member.networks[j].network, name))
                                inspect_add_container(containers, &member, &member.networks[j]);
        }
        return 0;
}

struct inspect_call {
        const struct network_setup *setup;
        struct json_object *list;
};

static int inspect_one(const char *name, void *context, struct error *err)
{
        const struct inspect_call *call = context;
        const struct network_setup *setup = call->setup;
        AUTO_NETWORK struct network network = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        AUTO_FREE char *resolved = NULL;

        if (network_resolve(setup->context.storage, name, &resolved, err) < 0 ||
            network_load(setup->context.storage, resolved, &network, err) < 0)
                return -1;
        object = network_to_json(&network, false);
        if (inspect_add_containers(setup, resolved, object, err) < 0)
                return -1;
        json_object_array_add(call->list, json_object_get(object));
        return 0;
}

int cmd_network_inspect(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        CLEANUP(inspect_free) struct inspect_request request = { 0 };
        AUTO_JSON struct json_object *list = json_object_new_array();
        struct inspect_call call = { &setup, list };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, -1, &first, &status))
                return status;
        if (network_setup_load(&setup, &err) < 0)
                return log_failure(&err);
        status = cmd_each(argv + first, (size_t)(argc - first), inspect_one, &call, log_failure);
        if (format_print_objects(request.format, list, &err) == 0)
                return status;
        return log_failure(&err);
}

int cmd_network_exists(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        AUTO_FREE char *name = NULL;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        if (network_setup_load(&setup, &err) == 0 &&
            network_resolve(setup.context.storage, argv[first], &name, &err) == 0)
                return EXIT_SUCCESS;
        if (err.code == ENOENT)
                return EXIT_FAILURE;
        return log_failure(&err);
}

/* --- ls */

static void ls_row(const struct network *network, const struct ls_request *request,
                   struct strv *row)
{
        strv_append_owned(row, str_dupn(network->id ? network->id : "",
                                        request->whole ? strlen(network->id ? network->id : "")
                                                       : LS_SHORT_ID));
        strv_append(row, network->name);
        strv_append(row, network_driver_name(network->driver));
}

static void ls_print_table(const struct network_list *list, const struct ls_request *request)
{
        static const char *const titles[LS_COLUMNS] = { "NETWORK ID", "NAME", "DRIVER" };
        AUTO_FREE struct strv *rows = alloc_zero(list->count + 1, sizeof *rows);
        size_t count = 0;

        for (size_t i = 0; i < LS_COLUMNS && !request->no_heading; i++)
                strv_append(&rows[0], titles[i]);
        count += !request->no_heading;
        for (size_t i = 0; i < list->count; i++)
                ls_row(&list->items[i], request, &rows[count++]);
        listing_print(rows, count, LS_COLUMNS);
        for (size_t i = 0; i < count; i++)
                strv_free(&rows[i]);
}

static int ls_print(const struct network_list *list, const struct ls_request *request,
                    struct error *err)
{
        AUTO_JSON struct json_object *array = NULL;
        int printed;

        if (request->quiet) {
                for (size_t i = 0; i < list->count; i++)
                        puts(list->items[i].name);
                return 0;
        }
        array = json_object_new_array();
        for (size_t i = 0; i < list->count; i++)
                json_object_array_add(array, network_to_json(&list->items[i], false));
        printed = format_print(request->format, array, TEMPLATE_LIST, err);
        if (printed == 0)
                ls_print_table(list, request);
        return printed < 0 ? -1 : 0;
}

static int ls_run(const struct ls_request *request, struct error *err)
{
        AUTO_SETUP struct network_setup setup = { 0 };
        CLEANUP(network_list_free) struct network_list list = { 0 };

        if (network_setup_load(&setup, err) < 0 ||
            network_filter_list(&setup, &request->filters, &list, err) < 0)
                return -1;
        return ls_print(&list, request, err);
}

int cmd_network_ls(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct ls_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        status = ls_run(&request, &err) < 0 ? log_failure(&err) : EXIT_SUCCESS;
        strv_free(&request.filters);
        free(request.format);
        return status;
}
