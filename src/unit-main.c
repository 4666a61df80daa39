/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit-unit: what looks at container files and puts them in their place. crunit executes it, so
 * that the tables for that are no part of what starts containers. */
#include "cmd/unit-cmd.h"

#include <errno.h>
#include <stddef.h>

static const struct cmd commands[] = {
        { CMD_CHECK_ROW, .run = cmd_check, .options = cmd_check_options },
        { CMD_QUADLET_INSTALL_ROW, .run = cmd_quadlet_install,
          .options = cmd_quadlet_install_options },
        { CMD_QUADLET_LIST_ROW, .run = cmd_quadlet_list, .options = cmd_quadlet_list_options },
        { CMD_QUADLET_PRINT_ROW, .run = cmd_quadlet_print, .options = cmd_quadlet_print_options },
        { CMD_QUADLET_RM_ROW, .run = cmd_quadlet_rm, .options = cmd_quadlet_rm_options },
        { "quadlet ls", "[OPTIONS]", .run = cmd_quadlet_list, .options = cmd_quadlet_list_options },
        { "quadlet cat", "[OPTIONS] QUADLET…", .run = cmd_quadlet_print,
          .options = cmd_quadlet_print_options },
        { .name = NULL },
};

int main(int argc, char **argv)
{
        static char name[] = "crunit";

        program_invocation_short_name = name;
        return cmd_main(name, commands, argc, argv);
}
