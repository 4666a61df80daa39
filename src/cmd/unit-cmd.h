/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands about container files. They run in crunit-unit: nobody who starts a container needs
 * them. crunit's table only leads there. */
#pragma once

#include "cmd.h"

#define CMD_CHECK_ROW                                                                              \
        .name = "check", .arguments = "[OPTIONS] [FILE|DIR…]",                                     \
        .help = "Look for mistakes in container files"

extern const struct option_row cmd_check_options[];

cmd_function cmd_check;
