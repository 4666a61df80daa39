/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit exec. */
#include "../container/exec.h"
#include "../base/log.h"
#include "../container/spec.h"
#include "choice.h"
#include "commands.h"
#include "run-values.h"
#include "running.h"

#include <stddef.h>

struct exec_request {
        struct exec_options options;
        bool latest;
};

const struct option_row exec_options_table[] = {
        { .name = "env",
          .letter = 'e',
          .argument = "KEY=VALUE",
          .help = "set a variable (KEY alone: with our value)",
          .take = option_take_list,
          .field = offsetof(struct exec_request, options.env) },
        { .name = "env-file",
          .argument = "FILE",
          .help = "read variables from a file",
          .take = option_take_list,
          .field = offsetof(struct exec_request, options.env_files) },
        { .name = "workdir",
          .letter = 'w',
          .argument = "DIR",
          .help = "begin in this directory",
          .take = option_take_string,
          .field = offsetof(struct exec_request, options.workdir) },
        { .name = "user",
          .letter = 'u',
          .argument = "USER[:GROUP]",
          .help = "run as this user of the container",
          .take = option_take_string,
          .field = offsetof(struct exec_request, options.user) },
        { .name = "interactive",
          .letter = 'i',
          .kind = OPTION_FLAG,
          .help = "pass on standard input",
          .take = option_take_bool,
          .field = offsetof(struct exec_request, options.interactive) },
        { .name = "tty",
          .letter = 't',
          .kind = OPTION_FLAG,
          .help = "give it a terminal",
          .take = option_take_bool,
          .field = offsetof(struct exec_request, options.tty) },
        { .name = "detach",
          .letter = 'd',
          .kind = OPTION_FLAG,
          .help = "do not wait for its end",
          .take = option_take_bool,
          .field = offsetof(struct exec_request, options.detach) },
        { .name = "detach-keys",
          .argument = "KEYS",
          .take = option_take_string,
          .field = offsetof(struct exec_request, options.detach_keys) },
        { .name = "privileged",
          .kind = OPTION_FLAG,
          .help = "with all capabilities",
          .take = option_take_bool,
          .field = offsetof(struct exec_request, options.privileged) },
        { .name = "preserve-fds",
          .argument = "N",
          .help = "pass file descriptors 3 to 2+N on",
          .take = run_take_unsigned,
          .field = offsetof(struct exec_request, options.preserve_fds) },
        { .name = "latest",
          .letter = 'l',
          .kind = OPTION_FLAG,
          .help = "in the container made last, instead of NAME",
          .take = option_take_bool,
          .field = offsetof(struct exec_request, latest) },
        { .name = NULL },
};

static int exec_with(const struct exec_options *options, const char *name, char *const *args,
                     struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;
        int status;

        if (options->tty && spec_check_detach_keys(options->detach_keys, err) < 0)
                return CMD_USAGE;
        if (cmd_load_settings(&settings, err) < 0 || running_find(name, &state, &run, err) < 0)
                return CMD_USAGE;
        exec_in_container(&state, run, settings.runtime, options, args, &status, err);
        return status;
}

static void exec_request_free(struct exec_request *request)
{
        exec_options_free(&request->options);
}

int cmd_exec(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(exec_request_free) struct exec_request request = { 0 };
        AUTO_FREE char *latest = NULL;
        const char *name;
        int first, status;

        if (!cmd_options(cmd, true, argc, argv, &request, 1, -1, &first, &status))
                return status;
        if (request.latest && !(latest = choice_latest(&err))) {
                log_error("%s", err.message);
                return CMD_USAGE;
        }
        name = latest ? latest : argv[first++];
        if (first == argc) {
                log_error("exec: which command? See crunit exec --help");
                return CMD_USAGE;
        }
        status = exec_with(&request.options, name, argv + first, &err);
        if (err.message)
                log_error("%s", err.message);
        return status;
}
