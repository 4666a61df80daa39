/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands that generated units call and this version does not have: the unit fails, and says why.
 */
#include "../base/log.h"
#include "commands.h"

int cmd_refuse(const struct cmd *cmd, int argc, char **argv)
{
        enum {
                REFUSE_STATUS = 125
        };

        (void)argc;
        (void)argv;
        log_error("%s: this version of crunit has no %s", cmd->name, cmd->arguments);
        return REFUSE_STATUS;
}
