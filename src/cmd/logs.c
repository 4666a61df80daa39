/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit logs: the journal keeps them, journalctl shows them. */
#include "../base/log.h"
#include "../container/state.h"
#include "commands.h"

#include <stddef.h>
#include <unistd.h>

struct logs_request {
        bool follow, timestamps;
        char *tail, *since, *until; /* owned */
};

const struct option_row logs_options_table[] = {
        { .name = "follow",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "go on with new lines",
          .take = option_take_bool,
          .field = offsetof(struct logs_request, follow) },
        { .name = "tail",
          .letter = 'n',
          .argument = "N",
          .help = "the last N lines only",
          .take = option_take_string,
          .field = offsetof(struct logs_request, tail) },
        { .name = "since",
          .argument = "TIME",
          .help = "as journalctl takes it",
          .take = option_take_string,
          .field = offsetof(struct logs_request, since) },
        { .name = "until",
          .argument = "TIME",
          .help = "as journalctl takes it",
          .take = option_take_string,
          .field = offsetof(struct logs_request, until) },
        { .name = "timestamps",
          .letter = 't',
          .kind = OPTION_FLAG,
          .help = "with the time of each line",
          .take = option_take_bool,
          .field = offsetof(struct logs_request, timestamps) },
        { .name = NULL },
};

static void logs_free(struct logs_request *request)
{
        free(request->tail);
        free(request->since);
        free(request->until);
}

static void logs_command(const struct logs_request *request, const char *name, struct strv *args)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        strv_append(args, "journalctl");
        strv_append(args, "--quiet");
        strv_append(args, "--no-pager");
        strv_appendf(args, "--output=%s", request->timestamps ? "short-iso" : "cat");
        if (request->follow)
                strv_append(args, "--follow");
        if (request->tail)
                strv_appendf(args, "--lines=%s", request->tail);
        else if (request->follow)
                strv_append(args, "--no-tail");
        if (request->since)
                strv_appendf(args, "--since=%s", request->since);
        if (request->until)
                strv_appendf(args, "--until=%s", request->until);
        /* Units carry the name as a field of every line; one that does not is known while its
         * container runs. */
        strv_appendf(args, "CONTAINER_NAME=%s", name);
        if (state_find(name, &state, &run, NULL) == 0 && state.unit) {
                strv_append(args, "+");
                strv_appendf(args, "_SYSTEMD_UNIT=%s", state.unit);
        }
}

int cmd_logs(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(logs_free) struct logs_request request = { 0 };
        AUTO_STRV struct strv args = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, 1, &first, &status))
                return status;
        logs_command(&request, argv[first], &args);
        execvp(args.items[0], args.items);
        log_error("cannot execute journalctl: %s", strerror(errno));
        return CMD_USAGE;
}
