/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit image check */
#include "../base/log.h"
#include "../image/check.h"
#include "image-cmd.h"
#include "signals.h"

#include <stddef.h>
#include <stdio.h>

struct check_arguments {
        char *root; /* owned */
        bool quiet, repair;
};

#define FIELD(name) offsetof(struct check_arguments, name)

const struct option_row cmd_image_check_options[] = {
        { "quiet", 'q', OPTION_FLAG, NULL, "Say only what is wrong", option_take_bool,
          FIELD(quiet) },
        { "repair", 'r', OPTION_FLAG, NULL,
          "Rebuild layers from their blobs, and remove damaged blobs", option_take_bool,
          FIELD(repair) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void check_arguments_free(struct check_arguments *arguments)
{
        free(arguments->root);
}

/* A check_report_function. */
static void check_print(void *context, enum check_kind kind, const char *text,
                        const struct strv *images)
{
        static const char *const words[] = { [CHECK_DAMAGED] = "Damaged",
                                             [CHECK_REPAIRED] = "Repaired",
                                             [CHECK_UNCHECKED] = "Not checked" };
        const struct check_arguments *arguments = context;
        AUTO_FREE char *list = strv_join(images, ", ");

        if (kind != CHECK_UNCHECKED || !arguments->quiet)
                printf("%s: %s (%s)\n", words[kind], text, list);
        fflush(stdout);
}

static int check_finish(const struct check_arguments *arguments, int damages)
{
        if (!damages && !arguments->quiet)
                puts("No damage found");
        if (damages)
                log_error("image check: %d damage%s%s", damages, damages == 1 ? "" : "s",
                          arguments->repair ? " left" : "; --repair mends what can be mended");
        return damages ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_image_check(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(check_arguments_free) struct check_arguments arguments = { 0 };
        struct check_options options = { .report = check_print, .context = &arguments };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        int first, status, damages;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, -1, &first, &status))
                return status;
        options.repair = arguments.repair;
        options.cancel = signals_catch();
        if (cmd_open_store(arguments.root, STORE_MAKE, &store, &err) < 0 ||
            (damages = check_images(&store, argv + first, &options, &err)) < 0) {
                log_failure(&err);
                return signals_status(CMD_USAGE);
        }
        return check_finish(&arguments, damages);
}
