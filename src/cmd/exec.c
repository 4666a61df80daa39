/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit exec. */
#include "../container/exec.h"
#include "../base/log.h"
#include "../container/spec.h"
#include "commands.h"

#include <stddef.h>

const struct option_row exec_options_table[] = {
        { .name = "env",
          .letter = 'e',
          .argument = "KEY=VALUE",
          .help = "set a variable (KEY alone: with our value)",
          .take = option_take_list,
          .field = offsetof(struct exec_options, env) },
        { .name = "workdir",
          .letter = 'w',
          .argument = "DIR",
          .help = "begin in this directory",
          .take = option_take_string,
          .field = offsetof(struct exec_options, workdir) },
        { .name = "user",
          .letter = 'u',
          .argument = "USER[:GROUP]",
          .help = "run as this user of the container",
          .take = option_take_string,
          .field = offsetof(struct exec_options, user) },
        { .name = "interactive",
          .letter = 'i',
          .kind = OPTION_FLAG,
          .help = "pass on standard input",
          .take = option_take_bool,
          .field = offsetof(struct exec_options, interactive) },
        { .name = "tty",
          .letter = 't',
          .kind = OPTION_FLAG,
          .help = "give it a terminal",
          .take = option_take_bool,
          .field = offsetof(struct exec_options, tty) },
        { .name = "detach",
          .letter = 'd',
          .kind = OPTION_FLAG,
          .help = "do not wait for its end",
          .take = option_take_bool,
          .field = offsetof(struct exec_options, detach) },
        { .name = "detach-keys",
          .argument = "KEYS",
          .take = option_take_string,
          .field = offsetof(struct exec_options, detach_keys) },
        { .name = "privileged",
          .kind = OPTION_FLAG,
          .help = "with all capabilities",
          .take = option_take_bool,
          .field = offsetof(struct exec_options, privileged) },
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
        if (cmd_load_settings(&settings, err) < 0 || state_find(name, &state, &run, err) < 0)
                return CMD_USAGE;
        exec_in_container(&state, run, settings.runtime, options, args, &status, err);
        return status;
}

int cmd_exec(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(exec_options_free) struct exec_options options = { 0 };
        int first, status;

        if (!cmd_options(cmd, true, argc, argv, &options, 2, -1, &first, &status))
                return status;
        status = exec_with(&options, argv[first], argv + first + 1, &err);
        if (err.message)
                log_error("%s", err.message);
        return status;
}
