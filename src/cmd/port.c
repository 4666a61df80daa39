/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit port: where the ports of a container are published. */
#include "../network/port.h"

#include "../base/log.h"
#include "../base/str.h"
#include "../container/place.h"
#include "../container/state.h"
#include "../network/published.h"
#include "commands.h"
#include "network-view.h"

#include <errno.h>
#include <netinet/in.h>

const struct option_row port_options_table[] = {
        { .name = NULL },
};

/* PORT or PORT/PROTOCOL */
static int port_take_wanted(const char *text, struct port *ret, struct error *err)
{
        if (port_parse(text, ret, err) < 0)
                return -1;
        if (ret->host || ret->address.family || ret->count != 1)
                return error_set(err, EINVAL, "'%s' is not PORT or PORT/PROTOCOL", text);
        return 0;
}

/* One line for each port: "80/tcp -> 0.0.0.0:8080", or the right side alone. */
static unsigned port_print(const struct port *port, const struct port *wanted)
{
        char address[ADDRESS_TEXT] = "0.0.0.0";
        bool v6 = port->address.family == AF_INET6;
        unsigned printed = 0;

        if (port->address.family)
                address_format(&port->address, address);
        for (unsigned i = 0; i < port->count; i++) {
                if (wanted && (wanted->container != port->container + i ||
                               wanted->protocol != port->protocol))
                        continue;
                if (!wanted)
                        printf("%u/%s -> ", port->container + i,
                               port_protocol_name(port->protocol));
                printf("%s%s%s:%u\n", v6 ? "[" : "", address, v6 ? "]" : "", port->host + i);
                printed++;
        }
        return printed;
}

static int port_show(const char *name, const char *wanted_or_null, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_PUBLISHED struct published_list list = { 0 };
        AUTO_FREE char *run = NULL, *label = NULL;
        struct port wanted = { 0 };
        unsigned printed = 0;

        if (wanted_or_null && port_take_wanted(wanted_or_null, &wanted, err) < 0)
                return -1;
        if (state_find(name, &state, &run, err) < 0 ||
            published_load(place_runtime(), &list, err) < 0)
                return -1;
        label = network_view_label(&state, run);
        for (size_t i = 0; i < list.count; i++)
                if (str_equal(list.items[i].label, label))
                        printed += port_print(&list.items[i].port, wanted_or_null ? &wanted : NULL);
        if (wanted_or_null && !printed)
                return error_set(err, ENOENT, "container '%s' does not publish its port %s", name,
                                 wanted_or_null);
        return 0;
}

int cmd_port(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 2, &first, &status))
                return status;
        if (port_show(argv[first], first + 1 < argc ? argv[first + 1] : NULL, &err) < 0) {
                log_failure(&err);
                return CMD_USAGE;
        }
        return EXIT_SUCCESS;
}
