/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about pods. They run in crunit-network, which can make a pod's network; crunit's
 * table only leads there, so what help says of them stands here, once for both. */
#pragma once

#include "cmd.h"

#define CMD_POD_CREATE_ROW                                                                         \
        .name = "pod create", .arguments = "[OPTIONS] [NAME]",                                     \
        .help = "Make a pod: a network and names that containers share"
#define CMD_POD_EXISTS_ROW                                                                         \
        .name = "pod exists", .arguments = "POD",                                                  \
        .help = "Exit with status 0 if there is such a pod, 1 if not"
#define CMD_POD_INSPECT_ROW                                                                        \
        .name = "pod inspect", .arguments = "[OPTIONS] POD…",                                      \
        .help = "Show all that is known of pods, as JSON"
#define CMD_POD_LS_ROW .name = "pod ls", .arguments = "[OPTIONS]", .help = "List pods"
#define CMD_POD_RM_ROW .name = "pod rm", .arguments = "[OPTIONS] POD…", .help = "Remove pods"
#define CMD_POD_START_ROW                                                                          \
        .name = "pod start", .arguments = "POD…", .help = "Start pods that were stopped"
#define CMD_POD_STOP_ROW                                                                           \
        .name = "pod stop", .arguments = "[OPTIONS] POD…",                                         \
        .help = "Stop pods, and their containers first"

/* pod_create_options: pod-options.h */
extern const struct option_row pod_inspect_options[], pod_ls_options[], pod_rm_options[],
        pod_stop_options[];

cmd_function cmd_pod_create, cmd_pod_exists, cmd_pod_inspect, cmd_pod_ls, cmd_pod_rm, cmd_pod_start,
        cmd_pod_stop;
