/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit-unit: what looks at container files and puts them in their place. crunit executes it, so
 * that the tables for that are no part of what starts containers. */
#include "cmd/unit-cmd.h"

#include <errno.h>
#include <stddef.h>

static const struct cmd commands[] = {
        { CMD_CHECK_ROW, .run = cmd_check, .options = cmd_check_options },
        { .name = NULL },
};

int main(int argc, char **argv)
{
        static char name[] = "crunit";

        program_invocation_short_name = name;
        return cmd_main(name, commands, argc, argv);
}
