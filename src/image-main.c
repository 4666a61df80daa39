/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit-image: what moves and unpacks images. crunit executes it for some of its commands, so that
 * starting a container does not load the libraries this takes. */
#include "cmd/image-cmd.h"
#include "cmd/volume-cmd.h"

#include <errno.h>
#include <locale.h>
#include <stddef.h>

static const struct cmd commands[] = {
        { CMD_CP_ROW, .run = cmd_cp, .options = cmd_cp_options },
        { CMD_LOAD_ROW, .run = cmd_load, .options = cmd_load_options },
        { CMD_IMAGE_DIGEST_ROW, .run = cmd_image_digest, .options = cmd_image_digest_options },
        { CMD_IMAGE_SQUASH_ROW, .run = cmd_image_squash, .options = cmd_image_squash_options },
        { CMD_IMAGE_UNPACK_ROW, .run = cmd_image_unpack, .options = cmd_image_unpack_options },
        { CMD_LOGIN_ROW, .run = cmd_login, .options = cmd_login_options },
        { CMD_LOGOUT_ROW, .run = cmd_logout, .options = cmd_logout_options },
        { CMD_PULL_ROW, .run = cmd_pull, .options = cmd_pull_options },
        { CMD_IMAGE_PULL_ROW, .run = cmd_pull, .options = cmd_pull_options },
        { CMD_SAVE_ROW, .run = cmd_save, .options = cmd_save_options },
        { CMD_IMAGE_CHECK_ROW, .run = cmd_image_check, .options = cmd_image_check_options },
        { CMD_PUSH_ROW, .run = cmd_push, .options = cmd_push_options },
        { CMD_VOLUME_EXPORT_ROW, .run = cmd_volume_export, .options = cmd_volume_export_options },
        { CMD_VOLUME_IMPORT_ROW, .run = cmd_volume_import },
        { .name = "image push",
          "[OPTIONS] IMAGE [DESTINATION]",
          .run = cmd_push,
          .options = cmd_push_options },
        { .name = "image load", "[OPTIONS] [FILE]", .run = cmd_load, .options = cmd_load_options },
        { .name = "image save", "[OPTIONS] IMAGE…", .run = cmd_save, .options = cmd_save_options },
        { .name = NULL },
};

int main(int argc, char **argv)
{
        static char name[] = "crunit";

        /* libarchive converts names to the locale's character set; only in UTF-8 they all fit. */
        setlocale(LC_CTYPE, "C.UTF-8");
        program_invocation_short_name = name;
        return cmd_main(name, commands, argc, argv);
}
