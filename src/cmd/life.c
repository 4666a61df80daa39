/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit wait, pause, unpause. */
#include "../base/log.h"
#include "../container/manager.h"
#include "../container/pause.h"
#include "../container/state.h"
#include "choice.h"
#include "running.h"
#include "view-commands.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

enum {
        LIFE_EXIT_WAIT = 5000 /* milliseconds for systemd to notice an end */
};

struct life {
        struct manager *manager; /* of `wait` */
        bool ignore;
        struct choice choice;
};

static void life_free(struct life *life)
{
        manager_close(&life->manager);
        choice_free(&life->choice);
}

const struct option_row life_options_table[] = {
        CHOICE_ROWS(struct life, choice, 'f'),
        { .name = NULL },
};

const struct option_row wait_options_table[] = {
        { .name = "ignore",
          .letter = 'i',
          .kind = OPTION_FLAG,
          .help = "a container that is not there is no error; its status is -1",
          .take = option_take_bool,
          .field = offsetof(struct life, ignore) },
        CHOICE_ROWS(struct life, choice, 'f'),
        { .name = NULL },
};

/* --- the verbs; each for one name */

/* One that is just being created has no first process yet. */
static int life_find(const char *name, struct container_state *ret, struct error *err)
{
        AUTO_FREE char *run = NULL;

        if (running_find(name, ret, &run, err) < 0)
                return -1;
        return state_check_running(ret, err);
}

static int life_pause(const char *name, void *context, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };

        (void)context;
        return life_find(name, &state, err) < 0 ? -1 : pause_begin(&state, err);
}

static int life_unpause(const char *name, void *context, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };

        (void)context;
        if (life_find(name, &state, err) < 0 || pause_end(&state, err) < 0)
                return -1;
        if (!pause_is_on(&state))
                return 0;
        return state.unit ? error_set(err, EBUSY,
                                      "container '%s' is frozen by systemd, as systemctl freeze "
                                      "does: systemctl thaw %s, or its slice",
                                      name, state.unit)
                          : error_set(err, EBUSY, "what container '%s' runs in is frozen", name);
}

/* systemd learns of the end a moment after us. */
static int life_exit_status(struct life *life, const struct container_state *state,
                            struct error *err)
{
        static const struct timespec step = { .tv_nsec = 10 * 1000 * 1000 };
        struct manager_exit end = { 0 };

        for (int waited = 0; waited < LIFE_EXIT_WAIT && !end.code; waited += 10) {
                if (manager_main_exit(life->manager, state->unit, &end, err) < 0)
                        return -1;
                if (end.pid != state->init.pid)
                        break;
                if (!end.code)
                        nanosleep(&step, NULL);
        }
        if (!end.code || end.pid != state->init.pid)
                return error_set(err, ENODATA,
                                 "how container '%s' ended is no longer known: %s has started "
                                 "again",
                                 state->name, state->unit);
        return end.code == CLD_EXITED ? end.status : CMD_SIGNALLED + end.status;
}

static int life_wait(const char *name, void *context, struct error *err)
{
        struct life *life = context;
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;
        AUTO_CLOSE int pidfd = -1;
        int status;

        if (running_find(name, &state, &run, err) < 0) {
                if (!life->ignore || (err->code != ENOENT && err->code != ESRCH))
                        return -1;
                puts("-1");
                return 0;
        }
        if (!state.unit)
                return error_set(err, EINVAL,
                                 "container '%s' has no unit: process %d, in whose foreground it "
                                 "runs, alone learns how it ends",
                                 name, (int)state.starter.pid);
        if ((!life->manager && manager_open(&life->manager, err) < 0) ||
            manager_hold(life->manager, state.unit, err) < 0)
                return -1;
        pidfd = process_open(&state.init);
        while (pidfd >= 0 && process_wait(pidfd, -1) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for container '%s'", name);
        status = life_exit_status(life, &state, err);
        if (status < 0)
                return -1;
        printf("%d\n", status);
        return 0;
}

static int life_command(const struct cmd *cmd, int argc, char **argv, enum choice_scope scope,
                        cmd_each_function *function)
{
        CLEANUP(life_free) struct life life = { 0 };
        AUTO_STRV struct strv names = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &life, 0, -1, &first, &status))
                return status;
        if (!choice_names(&life.choice, cmd->name, argv + first, scope, life.ignore, &names,
                          &status))
                return status;
        return cmd_each(names.items, names.count, function, &life, log_failure);
}

int cmd_pause(const struct cmd *cmd, int argc, char **argv)
{
        return life_command(cmd, argc, argv, CHOICE_RUNNING, life_pause);
}

int cmd_unpause(const struct cmd *cmd, int argc, char **argv)
{
        return life_command(cmd, argc, argv, CHOICE_PAUSED, life_unpause);
}

int cmd_wait(const struct cmd *cmd, int argc, char **argv)
{
        return life_command(cmd, argc, argv, CHOICE_LIVING, life_wait);
}
