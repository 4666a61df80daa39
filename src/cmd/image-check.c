/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit image check */
#include "../base/log.h"
#include "../base/printable.h"
#include "../image/check.h"
#include "../image/pull.h"
#include "../image/reference.h"
#include "image-cmd.h"
#include "registry-arguments.h"
#include "signals.h"

#include <stddef.h>
#include <stdio.h>

enum {
        CHECK_ROUNDS = 3 /* of asking registries for what is damaged */
};

struct check_arguments {
        char *root; /* owned */
        bool quiet, repair;
        struct strv damaged; /* images with damage that is left */
};

#define FIELD(name) offsetof(struct check_arguments, name)

const struct option_row cmd_image_check_options[] = {
        { "quiet", 'q', OPTION_FLAG, NULL, "Say only what is wrong", option_take_bool,
          FIELD(quiet) },
        { "repair", 'r', OPTION_FLAG, NULL,
          "Rebuild layers from their blobs, and fetch what is missing or damaged from the registry "
          "of "
          "the image's name",
          option_take_bool, FIELD(repair) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string, FIELD(root) },
        { .name = NULL },
};

static void check_arguments_free(struct check_arguments *arguments)
{
        free(arguments->root);
        strv_free(&arguments->damaged);
}

/* A check_report_function. */
static void check_print(void *context, enum check_kind kind, const char *text,
                        const struct strv *images)
{
        static const char *const words[] = { [CHECK_DAMAGED] = "Damaged",
                                             [CHECK_REPAIRED] = "Repaired",
                                             [CHECK_UNCHECKED] = "Not checked" };
        struct check_arguments *arguments = context;
        AUTO_FREE char *list = strv_join(images, ", ");

        if (kind != CHECK_UNCHECKED || !arguments->quiet)
                printable_line("%s: %s (%s)", words[kind], text, list);
        fflush(stdout);
        for (size_t i = 0; kind == CHECK_DAMAGED && i < images->count; i++)
                if (!strv_contains(&arguments->damaged, images->items[i]))
                        strv_append(&arguments->damaged, images->items[i]);
}

/* --- what a registry has */

static bool check_has_registry(const char *name)
{
        AUTO_REFERENCE struct reference reference = { 0 };

        return reference_parse(name, &reference, NULL) == 0 && reference.registry &&
               !str_equal(reference.registry, "localhost");
}

static void check_notice(void *context, const char *message)
{
        (void)context;
        log_warning("%s", message);
}

/* A layer that is damaged is rebuilt from its blob: so that is fetched in any case. Returns how
 * many images were fetched anew. */
static int check_fetch(const struct check_arguments *arguments, struct store *store,
                       struct error *err)
{
        struct registry_arguments defaults = { .tls_verify = -1 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_REGISTRIES struct registries registries = { 0 };
        struct pull_options options = { .registries = &registries,
                                        .tls_verify = -1,
                                        .keep_blobs = true,
                                        .notice = check_notice,
                                        .cancel = signals_catch() };
        int fetched = 0;

        if (cmd_load_settings(&settings, err) < 0 ||
            registries_load(&settings.search, &registries, err) < 0 ||
            registry_arguments_apply(&defaults, &settings, &options.network, err) < 0)
                return -1;
        options.network.helpers = &registries.credential_helpers;
        for (size_t i = 0; i < arguments->damaged.count; i++) {
                const char *name = arguments->damaged.items[i];
                AUTO_ERROR struct error reason = { 0 };

                if (!check_has_registry(name))
                        continue;
                if (pull_again(store, name, &options, &reason) < 0) {
                        log_warning("%s", reason.message);
                        continue;
                }
                printable_line("Fetched: what was missing of %s", name);
                fetched++;
        }
        return fetched;
}

/* Behind a manifest that was damaged, what it leads to may be as well: hence again. Returns the
 * number of damages that are left. */
static int check_all(struct check_arguments *arguments, struct store *store, char *const *images,
                     struct error *err)
{
        const struct check_options options = { .repair = arguments->repair,
                                               .cancel = signals_catch(),
                                               .report = check_print,
                                               .context = arguments };
        int damages = check_images(store, images, &options, err);

        for (int round = 0; damages > 0 && arguments->repair && round < CHECK_ROUNDS; round++) {
                int fetched = check_fetch(arguments, store, err);

                if (fetched <= 0)
                        return fetched < 0 ? -1 : damages;
                strv_free(&arguments->damaged);
                damages = check_images(store, images, &options, err);
        }
        return damages;
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
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        int first, status, damages;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, -1, &first, &status))
                return status;
        if (cmd_open_store(arguments.root, STORE_MAKE, &store, &err) < 0 ||
            (damages = check_all(&arguments, &store, argv + first, &err)) < 0) {
                log_failure(&err);
                return signals_status(CMD_USAGE);
        }
        return check_finish(&arguments, damages);
}
