/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit: what units and people call. The hot path: nothing here links a library that a start does
 * not need. */
#include "cmd/commands.h"
#include "cmd/image-cmd.h"
#include "cmd/run-options.h"

#include <stddef.h>

static const struct cmd commands[] = {
        { "run", "[OPTIONS] IMAGE [COMMAND [ARG…]]", "Run a program in a new container", cmd_run,
          run_options },
        { "stop", "[OPTIONS] NAME…", "Stop containers", cmd_stop, stop_options_table },
        { "kill", "[OPTIONS] NAME…", "Send a signal to the first process of containers", cmd_kill,
          kill_options_table },
        { "rm", "[OPTIONS] NAME…", "Remove what containers leave", cmd_rm, rm_options_table },
        { "exec", "[OPTIONS] NAME COMMAND [ARG…]", "Run another program in a container", cmd_exec,
          exec_options_table },
        { "ps", "[OPTIONS]", "List containers", cmd_ps, ps_options_table },
        { "inspect", "NAME…", "Show all that is known of containers, as JSON", cmd_inspect,
          inspect_options_table },
        { "logs", "[OPTIONS] NAME", "Show what a container wrote, from the journal", cmd_logs,
          logs_options_table },
        { .name = "images",
          .arguments = "[OPTIONS] [NAME]",
          .help = "List the images of the store",
          .run = cmd_images,
          .options = cmd_images_options },
        { .name = "image inspect",
          .arguments = "IMAGE…",
          .help = "Print what is known of an image",
          .run = cmd_image_inspect,
          .options = cmd_image_inspect_options },
        { .name = "image prune",
          .arguments = "[OPTIONS]",
          .help = "Remove images that have no name and that no container uses",
          .run = cmd_image_prune,
          .options = cmd_image_prune_options },
        { CMD_IMAGE_UNPACK_ROW, .program = "crunit-image" },
        { CMD_LOAD_ROW, .program = "crunit-image" },
        { CMD_SAVE_ROW, .program = "crunit-image" },
        { .name = "rmi",
          .arguments = "[OPTIONS] IMAGE…",
          .help = "Remove names, and images that have no other",
          .run = cmd_rmi,
          .options = cmd_rmi_options },
        { .name = "image pull", .arguments = "pulling of images, load them", .run = cmd_refuse },
        { .name = "network", .arguments = "networks but host and none", .run = cmd_refuse },
        { .name = "pod", .arguments = "pods", .run = cmd_refuse },
        { .name = "volume", .arguments = "named volumes, use directories", .run = cmd_refuse },
        { .name = "cleanup", .arguments = "RUN DATA", .run = cmd_cleanup },
        { .name = NULL },
};

int main(int argc, char **argv)
{
        return cmd_main("crunit", commands, argc, argv);
}
