/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit: what units and people call. The hot path: nothing here links a library that a start does
 * not need. */
#include "cmd/image-cmd.h"

#include <stddef.h>

static const struct cmd commands[] = {
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
        { .name = "rmi",
          .arguments = "[OPTIONS] IMAGE…",
          .help = "Remove names, and images that have no other",
          .run = cmd_rmi,
          .options = cmd_rmi_options },
        { .name = NULL },
};

int main(int argc, char **argv)
{
        return cmd_main("crunit", commands, argc, argv);
}
