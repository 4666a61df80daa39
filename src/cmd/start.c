/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit start, restart. A container with a container file is its unit, which systemd starts. One
 * that was run from a shell and kept is started by what it was run by (run.h).
 */
#include "../base/log.h"
#include "../container/manager.h"
#include "../container/pause.h"
#include "../container/spec.h"
#include "../container/stop.h"
#include "../container/transient.h"
#include "../image/store.h"
#include "choice.h"
#include "generated.h"
#include "run.h"
#include "view-commands.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

struct start_request {
        bool attach, interactive;
        char *detach_keys; /* owned */
        struct choice choice;
        /* of restart: */
        bool again, running;
        int timeout; /* seconds, or STOP_OWN_TIMEOUT */
        int status;  /* of the last one in the foreground */
};

static void start_free(struct start_request *request)
{
        free(request->detach_keys);
        choice_free(&request->choice);
}

const struct option_row start_options_table[] = {
        { .name = "attach",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "stay, show what it writes, and end with its exit status",
          .take = option_take_bool,
          .field = offsetof(struct start_request, attach) },
        { .name = "detach-keys",
          .argument = "KEYS",
          .take = option_take_string,
          .field = offsetof(struct start_request, detach_keys) },
        { .name = "interactive",
          .letter = 'i',
          .kind = OPTION_FLAG,
          .help = "with --attach, pass on standard input to one that was run with -i",
          .take = option_take_bool,
          .field = offsetof(struct start_request, interactive) },
        { .name = "sig-proxy", .kind = OPTION_FLAG, .take = option_take_nothing },
        CHOICE_ROWS_BY(struct start_request, choice, 0, 'f'),
        { .name = NULL },
};

const struct option_row restart_options_table[] = {
        { .name = "running",
          .kind = OPTION_FLAG,
          .help = "those that run, which --all means here as well",
          .take = option_take_bool,
          .field = offsetof(struct start_request, running) },
        { .name = "time",
          .letter = 't',
          .argument = "SECONDS",
          .help = "wait so long before SIGKILL (-1: for ever)",
          .take = option_take_timeout,
          .field = offsetof(struct start_request, timeout) },
        CHOICE_ROWS(struct start_request, choice, 'f'),
        { .name = NULL },
};

/* --- units */

static int start_refuse(const struct container_state *state, struct error *err)
{
        if (process_alive(&state->starter))
                return error_set(err, EINVAL,
                                 "container '%s' has no unit: it runs in the foreground of process "
                                 "%d",
                                 state->name, (int)state->starter.pid);
        return error_set(err, EINVAL,
                         "container '%s' has outlived what started it: `crunit stop %s` first",
                         state->name, state->name);
}

/* The unit that systemd has, or would have: of one that runs, else of a container file. */
static int start_find_unit(const struct start_request *request, const char *name, char **ret_unit,
                           bool *ret_running, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;
        bool known = state_find(name, &state, &run, err) == 0;

        if (!known && err->code != ENOENT)
                return -1;
        error_clear(err);
        *ret_running = known && state_alive(&state);
        *ret_unit = !*ret_running ? generated_unit_of(name)
                    : state.unit  ? str_dup(state.unit)
                                  : NULL;
        if (*ret_running && !*ret_unit)
                return start_refuse(&state, err);
        return *ret_running && !request->again ? pause_refuse(&state, err) : 0;
}

/* systemd's stop of it goes by what is written down for it. */
static int start_prepare_stop(const struct start_request *request, const char *name,
                              struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        if (!request->again)
                return 0;
        /* It may have ended meanwhile. */
        if (state_find(name, &state, &run, err) < 0)
                return err->code == ENOENT ? 0 : -1;
        return stop_plan(&state, run, request->timeout, err);
}

static int start_unit(const struct start_request *request, const char *unit, struct error *err)
{
        AUTO_MANAGER struct manager *manager = NULL;
        int result;

        if (request->attach)
                return error_set(
                        err, EINVAL,
                        "--attach: the output of %s goes to the journal: start it, and see "
                        "it by crunit logs -f",
                        unit);
        if (manager_open(&manager, err) < 0)
                return -1;
        result = request->again ? manager_restart(manager, unit, err)
                                : manager_start(manager, unit, err);
        if (result == 0)
                return error_set(err, 0, "%s did not start: systemctl status %s tells why", unit,
                                 unit);
        return result < 0 ? -1 : 0;
}

/* --- containers that are kept */

static int start_find_kept(const struct start_request *request, const char *name, struct kept *ret,
                           struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_FREE char *label = request->attach ? str_concat(name, "@") : transient_label(name);

        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        if (kept_find(name, store_root_of(settings.storage), label, ret, err) == 0)
                return 0;
        if (err->code != ENOENT)
                return -1;
        return error_set(err, ENOENT,
                         "there is no container '%s', nor a container file of one; what ran with "
                         "--rm is gone once it has ended",
                         name);
}

/* How it went; the message is printed. */
static int start_kept_here(struct kept *kept, enum run_again_how how)
{
        AUTO_ERROR struct error err = { 0 };
        int status = run_again(kept, how, &err);

        if (err.message)
                log_error("%s: %s", kept->state.name, err.message);
        fflush(stdout);
        return status;
}

/* In a process of its own: it takes on the variables and the directory of the first time. */
static int start_kept_aside(struct kept *kept, struct error *err)
{
        pid_t pid;
        int status;

        fflush(stdout);
        pid = fork();
        if (pid == 0)
                _exit(start_kept_here(kept, RUN_AGAIN_AS_UNIT));
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for process %d", (int)pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : CMD_USAGE;
}

/* --- both */

static int start_one(const char *name, struct start_request *request, struct error *err)
{
        AUTO_KEPT struct kept kept = { 0 };
        AUTO_FREE char *unit = NULL;
        bool running;

        if (start_find_unit(request, name, &unit, &running, err) < 0)
                return -1;
        if (running && !request->again && !request->attach)
                return 0;
        if (unit)
                return running && start_prepare_stop(request, name, err) < 0
                               ? -1
                               : start_unit(request, unit, err);
        if (start_find_kept(request, name, &kept, err) < 0)
                return -1;
        if (request->attach)
                request->status = start_kept_here(
                        &kept, request->interactive ? RUN_AGAIN_INTERACTIVE : RUN_AGAIN_SEEN);
        else
                request->status = start_kept_aside(&kept, err);
        return request->status < 0 ? -1 : 0;
}

/* The name is said of each that is up. */
static int start_and_say(const char *name, struct start_request *request, struct error *err)
{
        request->status = EXIT_SUCCESS;
        if (start_one(name, request, err) < 0)
                return -1;
        if (request->status == EXIT_SUCCESS && !request->attach)
                puts(name);
        return 0;
}

static int start_check(const struct start_request *request, size_t count, struct error *err)
{
        if (request->attach && count != 1)
                return error_set(err, EINVAL, "--attach: just one container can be shown");
        if (request->interactive && !request->attach)
                return error_set(err, EINVAL, "--interactive is of use with --attach only");
        return spec_check_detach_keys(request->detach_keys, err);
}

static int start_all(struct start_request *request, const struct cmd *cmd, char **words)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_STRV struct strv names = { 0 };
        int status = EXIT_SUCCESS, worst = EXIT_SUCCESS;

        if (!choice_names(&request->choice, cmd->name, words,
                          request->again ? CHOICE_LIVING : CHOICE_KNOWN, false, &names, &status))
                return status;
        if (start_check(request, names.count, &err) < 0)
                return log_failure(&err);
        for (size_t i = 0; i < names.count; i++) {
                AUTO_ERROR struct error failed = { 0 };

                if (start_and_say(names.items[i], request, &failed) < 0)
                        worst = log_failure(&failed);
                else if (request->status != EXIT_SUCCESS)
                        worst = request->status;
        }
        return worst;
}

int cmd_start(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(start_free) struct start_request request = { .timeout = STOP_OWN_TIMEOUT };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        return start_all(&request, cmd, argv + first);
}

int cmd_restart(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(start_free)
        struct start_request request = { .again = true, .timeout = STOP_OWN_TIMEOUT };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        request.choice.all |= request.running;
        return start_all(&request, cmd, argv + first);
}
