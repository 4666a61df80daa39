/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit load, crunit image unpack */
#include "../image/load.h"
#include "../base/log.h"
#include "../base/printable.h"
#include "../base/progress.h"
#include "../image/store-change.h"
#include "image-cmd.h"
#include "signals.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

struct load_arguments {
        char *input, *tag, *root, *config; /* owned */
        struct strv changes;               /* owned */
        bool quiet, reference, all;
};

const struct option_row cmd_load_options[] = {
        { "all", 'a', OPTION_FLAG, NULL,
          "Of an index keep all platforms, to be pushed or saved whole later", option_take_bool,
          offsetof(struct load_arguments, all) },
        { "change", 'c', OPTION_VALUE, "LINE",
          "Set what a root file system starts with, as `CMD [\"/app\"]` does in a build file",
          option_take_list, offsetof(struct load_arguments, changes) },
        { "config", 0, OPTION_VALUE, "FILE",
          "The settings of a root file system (default: its name with .json, where that is)",
          option_take_string, offsetof(struct load_arguments, config) },
        { "input", 'i', OPTION_VALUE, "FILE", "Read from FILE instead of standard input",
          option_take_string, offsetof(struct load_arguments, input) },
        { "quiet", 'q', OPTION_FLAG, NULL, "Show no progress", option_take_bool,
          offsetof(struct load_arguments, quiet) },
        { "reference", 0, OPTION_FLAG, NULL,
          "Leave a squashfs or erofs file where it is, instead of copying it", option_take_bool,
          offsetof(struct load_arguments, reference) },
        { "tag", 't', OPTION_VALUE, "NAME", "Name the image NAME, whatever the archive says",
          option_take_string, offsetof(struct load_arguments, tag) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string,
          offsetof(struct load_arguments, root) },
        { .name = NULL },
};

const struct option_row cmd_image_unpack_options[] = {
        { "quiet", 'q', OPTION_FLAG, NULL, "Show no progress", option_take_bool,
          offsetof(struct load_arguments, quiet) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string,
          offsetof(struct load_arguments, root) },
        { .name = NULL },
};

static void load_arguments_free(struct load_arguments *arguments)
{
        free(arguments->input);
        free(arguments->tag);
        free(arguments->root);
        free(arguments->config);
        strv_free(&arguments->changes);
}

enum {
        LOAD_PATIENCE = 90 /* seconds that systemd is asked to wait for the next byte */
};

static void load_show_progress(void *context, uint64_t done, uint64_t total)
{
        struct progress *progress = context;

        progress_set_total(progress, 0, total);
        progress_set(progress, 0, done);
        progress_show(progress);
}

/* One part for all: what the layers of an archive are called means nothing to people. Nothing is
 * said in lines: it takes seconds, and the names come at the end. */
static void load_begin_progress(struct load_options *options, const char *what, bool quiet)
{
        AUTO_FREE char *title = str_format("Loading %s", what ? what : "standard input");
        bool show = !quiet && isatty(STDERR_FILENO);
        struct progress *progress =
                progress_new(title, show ? PROGRESS_SAID : PROGRESS_NOTIFIED, LOAD_PATIENCE);

        progress_add(progress, "", 0);
        options->progress = load_show_progress;
        options->context = progress;
}

static struct load_options load_make_options(const struct load_arguments *arguments)
{
        return (struct load_options){ .all = arguments->all,
                                      .tag = arguments->tag,
                                      .config = arguments->config,
                                      .changes = &arguments->changes,
                                      .file = arguments->reference ? LOAD_FILE_REFER
                                                                   : LOAD_FILE_COPY,
                                      .cancel = signals_catch() };
}

static int load_status(struct load_options *options, int result, const struct error *err)
{
        struct progress *progress = options->context;

        progress_end(&progress);
        if (result == 0)
                return EXIT_SUCCESS;
        log_failure(err);
        return signals_status(CMD_USAGE);
}

/* FILE may be a transport's name, unless there is a file of that name. */
static int load_from(struct store *store, const struct load_options *options, struct strv *names,
                     struct error *err)
{
        AUTO_TRANSPORT struct transport transport = { 0 };
        int found = options->path && access(options->path, F_OK) < 0
                            ? transport_parse(options->path, &transport, err)
                            : 0;

        if (found < 0)
                return -1;
        if (transport.kind == TRANSPORT_REGISTRY)
                return error_set(err, EINVAL, "%s is in a registry: use `crunit pull`",
                                 options->path);
        return found ? load_transport(store, &transport, options, names, err)
                     : load_images(store, options, names, err);
}

int cmd_load(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(load_arguments_free) struct load_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_STRV struct strv names = { 0 };
        struct load_options options;
        int first, status, result;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 0, 1, &first, &status))
                return status;
        options = load_make_options(&arguments);
        options.path = first < argc ? argv[first] : arguments.input;
        if (str_equal(options.path, "-"))
                options.path = NULL;
        if (!options.path && isatty(STDIN_FILENO)) {
                log_error("load: standard input is a terminal: name a file, or redirect one here");
                return 125;
        }
        load_begin_progress(&options, options.path, arguments.quiet);
        result = cmd_open_store(arguments.root, STORE_MAKE, &store, &err);
        if (result == 0)
                result = load_from(&store, &options, &names, &err);
        status = load_status(&options, result, &err);
        for (size_t i = 0; i < names.count && result == 0; i++)
                printable_line("Loaded image: %s", names.items[i]);
        return status;
}

int cmd_image_unpack(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(load_arguments_free) struct load_arguments arguments = { 0 };
        AUTO_ERROR struct error err = { 0 };
        AUTO_STORE struct store store = STORE_NONE;
        struct load_options options;
        int first, status, result;

        if (!cmd_options(cmd, false, argc, argv, &arguments, 1, 1, &first, &status))
                return status;
        options = load_make_options(&arguments);
        load_begin_progress(&options, argv[first], arguments.quiet);
        result = cmd_open_store(arguments.root, STORE_MAKE, &store, &err);
        if (result == 0)
                result = load_unpack(&store, argv[first], &options, &err);
        return load_status(&options, result, &err);
}
