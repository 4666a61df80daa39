/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit image exists */
#include "../base/log.h"
#include "image-cmd.h"

#include <errno.h>
#include <stddef.h>

struct exists_arguments {
        char *root; /* owned */
};

const struct option_row cmd_image_exists_options[] = {
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string,
          offsetof(struct exists_arguments, root) },
        { .name = NULL },
};

static void exists_arguments_free(struct exists_arguments *arguments)
{
        free(arguments->root);
}

static int exists_find(const char *root, const char *text, struct error *err)
{
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_STORE_FOUND struct store_found found = { 0 };

        if (cmd_open_store_of(root, text, &store, err) < 0)
                return -1;
        return store_look_up(&store, text, &found, err);
}

/* As podman's: a missing image is no reason to say anything. */
int cmd_image_exists(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(exists_arguments_free) struct exists_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, 1, &first, &status))
                return status;
        if (exists_find(arguments.root, argv[first], &err) == 0)
                return EXIT_SUCCESS;
        if (err.code == ENOENT)
                return 1;
        return log_failure(&err);
}
