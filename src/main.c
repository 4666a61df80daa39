/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit: what units and people call. The hot path: nothing here links a library that a start does
 * not need. */
#include "cmd/cmd.h"

#include <stddef.h>

static const struct cmd commands[] = {
        { .name = NULL },
};

int main(int argc, char **argv)
{
        return cmd_main("crunit", commands, argc, argv);
}
