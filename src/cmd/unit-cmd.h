/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about container files. They run in crunit-unit: nobody who starts a container needs
 * them. crunit's table only leads there. */
#pragma once

#include "cmd.h"

#define CMD_CHECK_ROW                                                                              \
        .name = "check", .arguments = "[OPTIONS] [FILE|DIR…]",                                     \
        .help = "Look for mistakes in container files"

#define CMD_QUADLET_INSTALL_ROW                                                                    \
        .name = "quadlet install", .arguments = "[OPTIONS] FILE|DIR [FILE…]",                      \
        .help = "Put container files where systemd finds them"
#define CMD_QUADLET_LIST_ROW                                                                       \
        .name = "quadlet list", .arguments = "[OPTIONS]",                                          \
        .help = "List container files and the state of their units"
#define CMD_QUADLET_PRINT_ROW                                                                      \
        .name = "quadlet print", .arguments = "[OPTIONS] QUADLET…", .help = "Print container files"
#define CMD_QUADLET_RM_ROW                                                                         \
        .name = "quadlet rm", .arguments = "[OPTIONS] QUADLET…", .help = "Remove container files"

extern const struct option_row cmd_check_options[];
extern const struct option_row cmd_quadlet_install_options[];
extern const struct option_row cmd_quadlet_list_options[];
extern const struct option_row cmd_quadlet_print_options[];
extern const struct option_row cmd_quadlet_rm_options[];

cmd_function cmd_check;
cmd_function cmd_quadlet_install, cmd_quadlet_list, cmd_quadlet_print, cmd_quadlet_rm;
