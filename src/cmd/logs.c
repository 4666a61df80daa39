/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit logs: the journal keeps them, journalctl shows them. */
#include "../base/io.h"
#include "../base/log.h"
#include "../container/state.h"
#include "commands.h"
#include "when.h"

#include <fcntl.h>
#include <spawn.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        LOGS_LINE_MAX = 1024 * 1024
};

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
          .help = "10m (ago), 2026-02-03T04:05:06Z, or as journalctl takes it",
          .take = option_take_string,
          .field = offsetof(struct logs_request, since) },
        { .name = "until",
          .argument = "TIME",
          .help = "10m (ago), 2026-02-03T04:05:06Z, or as journalctl takes it",
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

/* Has the journal anything of that container? One that is gone is known by its lines alone. */
static bool logs_known(const char *name)
{
        AUTO_FREE char *match = str_format("CONTAINER_NAME=%s", name);
        char program[] = "journalctl", quiet[] = "--quiet", lines[] = "--lines=1";
        char output[] = "--output=cat", pager[] = "--no-pager";
        char *args[] = { program, quiet, pager, lines, output, match, NULL };
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;
        AUTO_FREE char *text = NULL;
        posix_spawn_file_actions_t actions;
        int ends[2], result;
        pid_t pid;

        if (state_find(name, &state, &run, NULL) == 0)
                return true;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return false;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        result = posix_spawnp(&pid, program, &actions, NULL, args, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        if (result == 0) {
                io_read_fd(ends[0], program, LOGS_LINE_MAX, &text, NULL, NULL);
                waitpid(pid, NULL, 0);
        }
        close(ends[0]);
        return !str_empty(text);
}

/* Spans of time mean so long ago; what we do not understand, journalctl may. */
static void logs_add_time(struct strv *args, const char *option, const char *text)
{
        uint64_t usec;

        if (!text)
                return;
        if (when_parse(option, text, &usec, NULL) == 0)
                strv_appendf(args, "--%s=@%llu.%06u", option, (unsigned long long)(usec / 1000000),
                             (unsigned)(usec % 1000000));
        else
                strv_appendf(args, "--%s=%s", option, text);
}

static void logs_command(const struct logs_request *request, const char *name, struct strv *args)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;
        bool known;

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
        logs_add_time(args, "since", request->since);
        logs_add_time(args, "until", request->until);
        /* Units carry the name as a field of every line; one that does not is known while its
         * container runs. */
        known = state_find(name, &state, &run, NULL) == 0;
        strv_appendf(args, "CONTAINER_NAME=%s", known ? state.name : name);
        strv_append(args, "_TRANSPORT=stdout"); /* systemd's own lines carry the field as well */
        if (known && state.unit) {
                strv_append(args, "+");
                strv_appendf(args, "_SYSTEMD_UNIT=%s", state.unit);
                strv_append(args, "_TRANSPORT=stdout");
        }
}

int cmd_logs(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(logs_free) struct logs_request request = { 0 };
        AUTO_STRV struct strv args = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, 1, &first, &status))
                return status;
        if (!logs_known(argv[first])) {
                log_error("there is no container '%s', and nothing of it in the journal",
                          argv[first]);
                return CMD_USAGE;
        }
        logs_command(&request, argv[first], &args);
        execvp(args.items[0], args.items);
        log_error("cannot execute journalctl: %s", strerror(errno));
        return CMD_USAGE;
}
