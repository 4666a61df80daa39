/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of podman that this version does not have: what stands in `arguments` is what is
 * missing. Of those that generated units call, `crunit check` says it before the unit is started.
 */
#pragma once

#include "commands.h"

#define CMD_REFUSED(words, what)                                                                   \
        {                                                                                          \
                .name = words, .arguments = what, .run = cmd_refuse                                \
        }

/* Rows of crunit's table. */
#define CMD_REFUSED_ROWS                                                                           \
        CMD_REFUSED("artifact", "artifacts; mount a directory instead"),                           \
                CMD_REFUSED("attach",                                                              \
                            "process beside a container that keeps its terminal for others; "      \
                            "`crunit logs -f` shows what it writes, `crunit exec -it` goes in"),   \
                CMD_REFUSED("build",                                                               \
                            "building of images; build it elsewhere and `crunit load` the "        \
                            "result"),                                                             \
                CMD_REFUSED("container",                                                           \
                            "longer names of commands; leave the word out, as in `crunit stop`; "  \
                            "`crunit rm --filter status=exited` removes what has ended"),          \
                CMD_REFUSED("export",                                                              \
                            "command of this name; `crunit cp NAME:/ -` writes the files of a "    \
                            "container as a tar"),                                                 \
                CMD_REFUSED("import",                                                              \
                            "command of this name; `crunit load` makes an image of a root file "   \
                            "system's tar"),                                                       \
                CMD_REFUSED("kube", "Kubernetes files; write a .container file for each of its "   \
                                    "containers")

/* The row for a command of one or two words, or NULL. */
const struct cmd *cmd_find_refused(const char *first, const char *second);
