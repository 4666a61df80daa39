/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit wait, start, restart, pause, unpause: what systemd does with the unit of a container. */
#include "../base/io.h"
#include "../base/log.h"
#include "../container/cgroup.h"
#include "../container/manager.h"
#include "../container/place.h"
#include "../container/state.h"
#include "../container/stop.h"
#include "choice.h"
#include "view-commands.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

enum {
        LIFE_UNIT_MAX = 1024 * 1024,
        LIFE_EXIT_WAIT = 5000 /* milliseconds for systemd to notice an end */
};

struct life {
        struct manager *manager; /* borrowed */
        bool ignore, running;
        int timeout; /* seconds, or STOP_OWN_TIMEOUT */
        struct choice choice;
};

static void life_free(struct life *life)
{
        choice_free(&life->choice);
}

const struct option_row life_options_table[] = {
        CHOICE_ROWS(struct life, choice, 'f'),
        { .name = NULL },
};

const struct option_row restart_options_table[] = {
        { .name = "running",
          .kind = OPTION_FLAG,
          .help = "those that run, which --all means here as well",
          .take = option_take_bool,
          .field = offsetof(struct life, running) },
        { .name = "time",
          .letter = 't',
          .argument = "SECONDS",
          .help = "wait so long before SIGKILL (-1: for ever)",
          .take = option_take_timeout,
          .field = offsetof(struct life, timeout) },
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

/* --- which unit */

/* A generated unit says which container is its own: RuntimeDirectory=crunit/containers/NAME@%N */
static int life_look_into(int dir, const char *unit, void *context, struct error *err)
{
        struct strv *search = context; /* the line, and then the units that have it */
        AUTO_FREE char *text = NULL;

        (void)err;
        if (str_has_suffix(unit, ".service") && !strstr(unit, "@.") &&
            io_read_file(dir, unit, LIFE_UNIT_MAX, &text, NULL, NULL) == 0 &&
            strstr(text, search->items[0]))
                strv_append(search, unit);
        return 0;
}

/* The generated unit of a container that does not run; NULL where there is none. */
static char *life_find_unit(const char *name)
{
        static const char *const places[] = { "/run/systemd/generator",
                                              "/run/systemd/generator.early",
                                              "/run/systemd/generator.late" };
        AUTO_STRV struct strv search = { 0 };

        strv_appendf(&search, "\nRuntimeDirectory=crunit/containers/%s@", name);
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
                if (access(places[i], F_OK) == 0)
                        io_each_name(AT_FDCWD, places[i], life_look_into, &search, NULL);
        return search.count > 1 ? str_dup(search.items[1]) : NULL;
}

static int life_unit_of(const char *name, char **ret_unit, bool *ret_running, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;
        bool known = state_find(name, &state, &run, err) == 0;

        if (!known && err->code != ENOENT)
                return -1;
        *ret_running = known && state_alive(&state);
        *ret_unit = *ret_running ? str_dup(state.unit) : life_find_unit(name);
        if (*ret_unit)
                return 0;
        if (*ret_running)
                return error_set(err, EINVAL,
                                 "container '%s' has no unit: it runs in the foreground of process "
                                 "%d",
                                 name, (int)state.starter.pid);
        return error_set(err, ENOENT,
                         "there is no container '%s', nor a container file of one; what `crunit "
                         "run -d` started is gone once it ends",
                         name);
}

/* --- the verbs; each for one name */

static int life_started(int result, const char *unit, struct error *err)
{
        if (result == 0)
                return error_set(err, 0, "%s did not start: systemctl status %s tells why", unit,
                                 unit);
        return result < 0 ? -1 : 0;
}

static int life_start(const char *name, void *context, struct error *err)
{
        struct life *life = context;
        AUTO_FREE char *unit = NULL;
        bool running;

        if (life_unit_of(name, &unit, &running, err) < 0)
                return -1;
        return life_started(manager_start(life->manager, unit, err), unit, err);
}

static int life_plan_stop(const char *name, int timeout, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        if (timeout == STOP_OWN_TIMEOUT)
                return 0;
        if (state_find(name, &state, &run, err) < 0)
                return -1;
        return stop_plan(&state, run, timeout, err);
}

static int life_restart(const char *name, void *context, struct error *err)
{
        struct life *life = context;
        AUTO_FREE char *unit = NULL;
        bool running;

        if (life_unit_of(name, &unit, &running, err) < 0)
                return -1;
        if (running && life_plan_stop(name, life->timeout, err) < 0)
                return -1;
        return life_started(manager_restart(life->manager, unit, err), unit, err);
}

static int life_freeze(struct life *life, const char *name, bool freeze, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        if (state_find(name, &state, &run, err) < 0)
                return -1;
        if (!state.init.pid || !state_alive(&state))
                return error_set(err, ESRCH, "container '%s' is not running", name);
        if (state.unit)
                return manager_freeze(life->manager, state.unit, freeze, err);
        /* Without one the group is the container's own. */
        return state.cgroup ? cgroup_freeze(state.cgroup, freeze, err)
                            : error_set(err, EINVAL, "container '%s' has no cgroup", name);
}

static int life_pause(const char *name, void *context, struct error *err)
{
        return life_freeze(context, name, true, err);
}

static int life_unpause(const char *name, void *context, struct error *err)
{
        return life_freeze(context, name, false, err);
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

        if (state_find(name, &state, &run, err) < 0) {
                if (!life->ignore || err->code != ENOENT)
                        return -1;
                puts("-1");
                return 0;
        }
        if (!state.unit)
                return error_set(err, EINVAL,
                                 "container '%s' has no unit: process %d, in whose foreground it "
                                 "runs, alone learns how it ends",
                                 name, (int)state.starter.pid);
        if (manager_hold(life->manager, state.unit, err) < 0)
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
                        choice_function *function)
{
        CLEANUP(life_free) struct life life = { .timeout = STOP_OWN_TIMEOUT };
        AUTO_MANAGER struct manager *manager = NULL;
        AUTO_STRV struct strv names = { 0 };
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &life, 0, -1, &first, &status))
                return status;
        if (life.running)
                life.choice.all = true;
        if (!choice_names(&life.choice, cmd->name, argv + first, scope, life.ignore, &names,
                          &status))
                return status;
        if (manager_open(&manager, &err) < 0)
                return log_failure(&err);
        life.manager = manager;
        return choice_each(&names, function, &life);
}

int cmd_start(const struct cmd *cmd, int argc, char **argv)
{
        return life_command(cmd, argc, argv, CHOICE_KNOWN, life_start);
}

int cmd_restart(const struct cmd *cmd, int argc, char **argv)
{
        return life_command(cmd, argc, argv, CHOICE_LIVING, life_restart);
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
