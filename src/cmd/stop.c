/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit stop, crunit kill, and what follows an end nobody asked for. */
#include "../container/stop.h"
#include "../base/log.h"
#include "../container/pause.h"
#include "../container/signal.h"
#include "../container/transient.h"
#include "choice.h"
#include "commands.h"
#include "running.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

struct stop_request {
        int timeout; /* seconds, or STOP_OWN_TIMEOUT */
        bool ignore;
        char *signal; /* owned */
        int signo;    /* what it is */
        struct choice choice;
};

static void stop_request_free(struct stop_request *request)
{
        free(request->signal);
        choice_free(&request->choice);
}

const struct option_row stop_options_table[] = {
        { .name = "time",
          .letter = 't',
          .argument = "SECONDS",
          .help = "wait so long before SIGKILL (-1: for ever)",
          .take = option_take_timeout,
          .field = offsetof(struct stop_request, timeout) },
        { .name = "ignore",
          .letter = 'i',
          .kind = OPTION_FLAG,
          .help = "a container that is not there is no error",
          .take = option_take_bool,
          .field = offsetof(struct stop_request, ignore) },
        CHOICE_ROWS(struct stop_request, choice, 'f'),
        { .name = NULL },
};

const struct option_row kill_options_table[] = {
        { .name = "signal",
          .letter = 's',
          .argument = "SIGNAL",
          .help = "instead of SIGKILL",
          .take = option_take_string,
          .field = offsetof(struct stop_request, signal) },
        CHOICE_ROWS(struct stop_request, choice, 'f'),
        { .name = NULL },
};

static int stop_one(const char *name, void *context, struct error *err)
{
        const struct stop_request *request = context;
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        /* With SERVICE_RESULT we are an ExecStop= line, and a Type=oneshot unit's container is gone
         * by then: that it ended must not make the unit fail. */
        if (state_find(name, &state, &run, err) < 0) {
                if (err->code != ENOENT)
                        return -1;
                if (getenv("SERVICE_RESULT"))
                        return 0;
                /* Between two starts of one that systemd starts again and again. */
                if (transient_forget(name, true, err) > 0 || request->ignore)
                        return 0;
                if (!running_has_ended(name))
                        return -1;
                error_clear(err);
                return 0;
        }
        return stop_from_outside(&state, run, request->timeout, err);
}

static int kill_one(const char *name, void *context, struct error *err)
{
        const struct stop_request *request = context;
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        if (running_find(name, &state, &run, err) < 0)
                return -1;
        /* What it leaves behind in the unit could not end by itself. */
        if (request->signo == SIGKILL && pause_end(&state, err) < 0)
                return -1;
        return stop_signal(&state, request->signo, err);
}

int cmd_stop(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(stop_request_free) struct stop_request request = { .timeout = STOP_OWN_TIMEOUT };
        AUTO_STRV struct strv names = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status) ||
            !choice_names(&request.choice, cmd->name, argv + first, CHOICE_LIVING, request.ignore,
                          &names, &status))
                return status;
        return cmd_each(names.items, names.count, stop_one, &request, log_failure);
}

/* For the log pump: crunit cleanup RUN DATA. */
int cmd_cleanup(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 2, 2, &first, &status))
                return status;
        return stop_cleanup(argv[first], argv[first + 1], &err) < 0 ? log_failure(&err)
                                                                    : EXIT_SUCCESS;
}

int cmd_kill(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(stop_request_free) struct stop_request request = { 0 };
        AUTO_STRV struct strv names = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        request.signo = signal_parse(request.signal ? request.signal : "KILL");
        if (request.signo < 0) {
                log_error("kill: '%s' is not a signal", request.signal);
                return CMD_USAGE;
        }
        if (!choice_names(&request.choice, cmd->name, argv + first, CHOICE_LIVING, false, &names,
                          &status))
                return status;
        return cmd_each(names.items, names.count, kill_one, &request, log_failure);
}
