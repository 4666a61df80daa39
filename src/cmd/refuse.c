/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "refuse.h"

#include "../base/log.h"
#include "../base/str.h"

static const struct cmd refused[] = { CMD_REFUSED_ROWS, { .name = NULL } };

const struct cmd *cmd_find_refused(const char *first, const char *second)
{
        AUTO_FREE char *both = str_concat(first, " ", second);

        for (const struct cmd *cmd = refused; cmd->name; cmd++)
                if (str_equal(cmd->name, first) || str_equal(cmd->name, both))
                        return cmd;
        return NULL;
}

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
