/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit port: where the ports of a container are published. */
#include "../network/port.h"

#include "../base/json.h"
#include "../base/log.h"
#include "../container/census.h"
#include "../container/place.h"
#include "../network/published.h"
#include "commands.h"
#include "format.h"
#include "network-view.h"
#include "running.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>

struct port_request {
        bool all;
        char *format; /* owned */
};

const struct option_row port_options_table[] = {
        { .name = "all",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "those of all containers that run",
          .take = option_take_bool,
          .field = offsetof(struct port_request, all) },
        { .name = "format",
          .argument = "FORMAT",
          .help = "table, json, or a template such as '{{.HostPort}}'",
          .take = format_take,
          .field = offsetof(struct port_request, format) },
        { .name = NULL },
};

static void port_free(struct port_request *request)
{
        free(request->format);
}

/* PORT or PORT/PROTOCOL */
static int port_take_wanted(const char *text, struct port *ret, struct error *err)
{
        if (port_parse(text, ret, err) < 0)
                return -1;
        if (ret->host || ret->address.family || ret->count != 1)
                return error_set(err, EINVAL, "'%s' is not PORT or PORT/PROTOCOL", text);
        return 0;
}

/* Each single port is an object: its container, and both ends. */
static unsigned port_add(const struct port *port, const struct port *wanted, const char *container,
                         struct json_object *list)
{
        char address[ADDRESS_TEXT] = "0.0.0.0";
        unsigned added = 0;

        if (port->address.family)
                address_format(&port->address, address);
        for (unsigned i = 0; i < port->count; i++) {
                struct json_object *object;

                if (wanted && (wanted->container != port->container + i ||
                               wanted->protocol != port->protocol))
                        continue;
                object = json_object_new_object();
                json_set_string(object, "Container", container);
                json_object_object_add(object, "ContainerPort",
                                       json_object_new_int((int)(port->container + i)));
                json_set_string(object, "Protocol", port_protocol_name(port->protocol));
                json_set_string(object, "HostIP", address);
                json_object_object_add(object, "HostPort",
                                       json_object_new_int((int)(port->host + i)));
                json_object_array_add(list, object);
                added++;
        }
        return added;
}

/* "web  80/tcp -> 0.0.0.0:8080"; of one container without its name, of one port the right side
 * alone. */
static void port_print_lines(struct json_object *list, bool all, bool one)
{
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                struct json_object *object = json_object_array_get_idx(list, i);
                const char *container = "", *protocol = "", *address = "";
                int64_t inside = 0, outside = 0;
                bool v6;

                json_get_string(object, "Container", &container, NULL);
                json_get_string(object, "Protocol", &protocol, NULL);
                json_get_string(object, "HostIP", &address, NULL);
                json_get_int(object, "ContainerPort", &inside, NULL);
                json_get_int(object, "HostPort", &outside, NULL);
                v6 = strchr(address, ':');
                if (all)
                        printf("%s\t", container);
                if (!one)
                        printf("%lld/%s -> ", (long long)inside, protocol);
                printf("%s%s%s:%lld\n", v6 ? "[" : "", address, v6 ? "]" : "", (long long)outside);
        }
}

static unsigned port_add_all(const struct published_list *published,
                             const struct container_state *state, const char *run,
                             const struct port *wanted, struct json_object *list)
{
        AUTO_FREE char *label = network_view_label(state, run);
        unsigned added = 0;

        for (size_t i = 0; i < published->count; i++)
                if (str_equal(published->items[i].label, label))
                        added += port_add(&published->items[i].port, wanted, state->name, list);
        return added;
}

static int port_collect(const char *name_or_null, const char *wanted_or_null,
                        struct json_object *list, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_CENSUS struct census census = { 0 };
        AUTO_PUBLISHED struct published_list published = { 0 };
        AUTO_FREE char *run = NULL;
        struct port wanted = { 0 };

        if ((wanted_or_null && port_take_wanted(wanted_or_null, &wanted, err) < 0) ||
            (name_or_null && running_find(name_or_null, &state, &run, err) < 0) ||
            published_load(place_runtime(), &published, err) < 0)
                return -1;
        if (name_or_null) {
                if (!port_add_all(&published, &state, run, wanted_or_null ? &wanted : NULL, list) &&
                    wanted_or_null)
                        return error_set(err, ENOENT, "container '%s' does not publish its port %s",
                                         name_or_null, wanted_or_null);
                return 0;
        }
        if (census_take(NULL, log_warning_line, &census, err) < 0)
                return -1;
        for (size_t i = 0; i < census.count; i++)
                port_add_all(&published, &census.items[i].state, census.items[i].run, NULL, list);
        return 0;
}

static int port_show(const struct port_request *request, const char *name, const char *wanted,
                     struct error *err)
{
        AUTO_JSON struct json_object *list = json_object_new_array();
        int printed;

        if (request->all != !name)
                return error_set(err, EINVAL, "either the name of a container, or --all");
        if (port_collect(name, wanted, list, err) < 0)
                return -1;
        printed = format_print(request->format, list, TEMPLATE_LIST, err);
        if (printed == 0)
                port_print_lines(list, request->all, wanted);
        return printed < 0 ? -1 : 0;
}

int cmd_port(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(port_free) struct port_request request = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 2, &first, &status))
                return status;
        if (port_show(&request, first < argc ? argv[first] : NULL,
                      first + 1 < argc ? argv[first + 1] : NULL, &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}
