/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about networks. They run in crunit-network; crunit's table only leads there, so
 * what help says of them stands here, once for both. */
#pragma once

#include "cmd.h"

#define CMD_NETWORK_CREATE_ROW                                                                     \
        .name = "network create", .arguments = "[OPTIONS] [NAME]", .help = "Define a network"
#define CMD_NETWORK_LS_ROW .name = "network ls", .arguments = "[OPTIONS]", .help = "List networks"
#define CMD_NETWORK_GRAPH_ROW                                                                      \
        .name = "network graph", .arguments = "[OPTIONS] [NETWORK…]",                              \
        .help = "Show networks, the containers on them and their published ports"
#define CMD_NETWORK_INSPECT_ROW                                                                    \
        .name = "network inspect", .arguments = "[OPTIONS] NETWORK…",                              \
        .help = "Show all that is known of networks, as JSON"
#define CMD_NETWORK_RM_ROW                                                                         \
        .name = "network rm", .arguments = "[OPTIONS] NETWORK…", .help = "Remove networks"
#define CMD_NETWORK_PRUNE_ROW                                                                      \
        .name = "network prune", .arguments = "[OPTIONS]",                                         \
        .help = "Remove networks that no container is on"
#define CMD_NETWORK_EXISTS_ROW                                                                     \
        .name = "network exists", .arguments = "NETWORK",                                          \
        .help = "Exit with status 0 if the network is defined, 1 if not"

extern const struct option_row cmd_network_create_options[];
extern const struct option_row cmd_network_graph_options[];
extern const struct option_row cmd_network_inspect_options[];
extern const struct option_row cmd_network_ls_options[];
extern const struct option_row cmd_network_rm_options[];
extern const struct option_row cmd_network_prune_options[];

cmd_function cmd_network_create, cmd_network_ls, cmd_network_inspect, cmd_network_rm,
        cmd_network_prune, cmd_network_exists, cmd_network_graph;

/* For crunit itself: join REQUEST, leave LABEL, sweep. */
cmd_function cmd_network_join, cmd_network_leave, cmd_network_sweep;
