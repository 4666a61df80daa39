/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit-network: what makes and takes back networks. crunit executes it for its commands about
 * networks, and beside the other work of a start; so a start without a network of its own does not
 * load the libraries this takes. */
#include "cmd/network-cmd.h"
#include "cmd/pod-cmd.h"
#include "cmd/pod-options.h"

#include <errno.h>
#include <stddef.h>

static const struct cmd commands[] = {
        { CMD_NETWORK_CREATE_ROW, .run = cmd_network_create,
          .options = cmd_network_create_options },
        { CMD_NETWORK_LS_ROW, .run = cmd_network_ls, .options = cmd_network_ls_options },
        { CMD_NETWORK_GRAPH_ROW, .run = cmd_network_graph, .options = cmd_network_graph_options },
        { CMD_NETWORK_INSPECT_ROW, .run = cmd_network_inspect,
          .options = cmd_network_inspect_options },
        { CMD_NETWORK_RM_ROW, .run = cmd_network_rm, .options = cmd_network_rm_options },
        { CMD_NETWORK_PRUNE_ROW, .run = cmd_network_prune, .options = cmd_network_prune_options },
        { CMD_NETWORK_EXISTS_ROW, .run = cmd_network_exists },
        { CMD_POD_CREATE_ROW, .run = cmd_pod_create, .options = pod_create_options },
        { CMD_POD_EXISTS_ROW, .run = cmd_pod_exists },
        { CMD_POD_INSPECT_ROW, .run = cmd_pod_inspect, .options = pod_inspect_options },
        { CMD_POD_LS_ROW, .run = cmd_pod_ls, .options = pod_ls_options },
        { CMD_POD_RM_ROW, .run = cmd_pod_rm, .options = pod_rm_options },
        { CMD_POD_START_ROW, .run = cmd_pod_start },
        { CMD_POD_STOP_ROW, .run = cmd_pod_stop, .options = pod_stop_options },
        /* podman's other name for the list */
        { .name = "pod ps",
          .arguments = "[OPTIONS]",
          .run = cmd_pod_ls,
          .options = pod_ls_options },
        { .name = "join", .arguments = "", .run = cmd_network_join },
        { .name = "leave", .arguments = "LABEL", .run = cmd_network_leave },
        { .name = "sweep", .arguments = "", .run = cmd_network_sweep },
        { .name = NULL },
};

int main(int argc, char **argv)
{
        static char name[] = "crunit";

        program_invocation_short_name = name;
        return cmd_main(name, commands, argc, argv);
}
