/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stop.h"

#include "../base/io.h"
#include "cgroup.h"
#include "handover.h"
#include "netjoin.h"
#include "oom.h"
#include "orphan.h"
#include "pause.h"
#include "place.h"
#include "pod-join.h"
#include "signal.h"
#include "writable.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

enum {
        STOP_GRACE = 1000,      /* milliseconds an init has for installing a handler */
        STOP_STEP = 5,          /* milliseconds between looks */
        STOP_KILL_WAIT = 10000, /* milliseconds; after SIGKILL only the kernel can be slow */
        STOP_STARTER_WAIT = 10000,
        STOP_CLEANUP_WAIT =
                1000, /* milliseconds between a process's closing of its files and its end */
};

static int64_t stop_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool stop_in_unit(const struct container_state *state)
{
        AUTO_FREE char *path = NULL, *unit = NULL;

        if (!state->unit || cgroup_of(getpid(), &path, NULL) < 0)
                return false;
        unit = cgroup_unit(path);
        return str_equal(unit, state->unit);
}

int stop_signal(const struct container_state *state, int signo, struct error *err)
{
        AUTO_CLOSE int pidfd = process_open(&state->init);

        if (pidfd < 0)
                return error_set(err, ESRCH, "container '%s' is not running", state->name);
        if (process_signal(pidfd, signo) < 0)
                return error_errno(err, errno, "cannot signal container '%s'", state->name);
        return 0;
}

/* Wait until the init can see the signal; false: it never will. It may end meanwhile. */
static bool stop_wait_for_handler(const struct container_state *state, int pidfd, int signo)
{
        while (!process_pid_takes_signal(state->init.pid, signo)) {
                if (process_age(&state->init) >= STOP_GRACE)
                        return false;
                if (process_wait(pidfd, STOP_STEP) != 0)
                        break;
        }
        return true;
}

/* Milliseconds, kept within what poll() takes. */
static int stop_milliseconds(const struct container_state *state, int timeout)
{
        int64_t seconds = timeout;

        if (timeout == STOP_OWN_TIMEOUT)
                seconds = state->stop_timeout;
        return seconds > INT32_MAX / 1000 ? -1 : (int)seconds * 1000;
}

static int stop_kill(const struct container_state *state, int pidfd, struct error *err)
{
        if (process_signal(pidfd, SIGKILL) < 0 && errno != ESRCH)
                return error_errno(err, errno, "cannot kill container '%s'", state->name);
        if (process_wait(pidfd, STOP_KILL_WAIT) == 0)
                return error_set(err, ETIMEDOUT, "container '%s' (pid %d) survives SIGKILL",
                                 state->name, (int)state->init.pid);
        return 0;
}

static int stop_init(const struct container_state *state, const char *run, int timeout,
                     struct error *err)
{
        AUTO_FREE char *crun_root = str_format("%s/crun", run);
        AUTO_CLOSE int pidfd = process_open(&state->init);
        int wanted = state->stop_signal ? signal_parse(state->stop_signal) : SIGTERM;
        int64_t begin = stop_now();
        int patience = stop_milliseconds(state, timeout);

        if (pidfd < 0)
                return 0;
        if (wanted <= 0)
                wanted = SIGTERM;
        /* Who has no time to end by itself need not be asked to. */
        if (patience == 0)
                return stop_kill(state, pidfd, err);
        handover_wait_started(crun_root, state->id);
        if (!stop_wait_for_handler(state, pidfd, wanted))
                return stop_kill(state, pidfd, err);
        if (process_signal(pidfd, wanted) < 0 && errno != ESRCH)
                return error_errno(err, errno, "cannot signal container '%s'", state->name);
        if (patience >= 0) {
                int64_t left = patience - (stop_now() - begin);

                patience = left > 0 ? (int)left : 0;
        }
        if (process_wait(pidfd, patience) > 0)
                return 0;
        return stop_kill(state, pidfd, err);
}

/* One that is just being started ends with the process that starts it. */
static int stop_starter(const struct container_state *state, struct error *err)
{
        AUTO_CLOSE int pidfd = process_open(&state->starter);

        if (pidfd < 0)
                return 0;
        process_signal(pidfd, SIGTERM);
        if (process_wait(pidfd, STOP_STARTER_WAIT) == 0)
                return error_set(err, ETIMEDOUT, "the start of container '%s' does not end",
                                 state->name);
        return 0;
}

int stop_remove(const struct container_state *state, const char *run, bool even_kept,
                struct error *err)
{
        struct place place = { .run = str_dup(run), .systemd = state->unit != NULL };
        int result = 0;

        if (!state->init.pid)
                orphan_kill(run);
        /* What was made for its network first: others may want its ports. */
        if (netjoin_leave(run, err) < 0)
                result = -1;
        if (result == 0 && state->writable && (even_kept || !state->keep))
                result = writable_remove(state->writable, even_kept, err) < 0 ? -1 : 0;
        /* systemd removes the directory; what is in it now is of use while the unit stops. */
        if (result == 0 && !(state->unit && stop_in_unit(state)))
                result = place_remove(&place, err);
        place_free(&place);
        if (result == 0)
                pod_leave(state);
        return result;
}

int stop_cleanup(const char *run, const char *data, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };

        if (state_read(run, &state, NULL) == 0) {
                AUTO_CLOSE int pidfd = process_open(&state.init);

                if (pidfd >= 0 && process_wait(pidfd, STOP_CLEANUP_WAIT) == 0)
                        return 0;
                oom_report(&state, data);
        }
        if (netjoin_leave(run, err) < 0)
                return -1;
        return writable_remove(data, false, err) < 0 ? -1 : 0;
}

int stop_container(const struct container_state *state, const char *run, int timeout,
                   struct error *err)
{
        if (!state->init.pid)
                return stop_starter(state, err);
        /* What stands still cannot end by itself. */
        pause_end(state, NULL);
        if (stop_init(state, run, timeout, err) < 0)
                return -1;
        /* In the foreground `crunit run` itself removes everything, and then ends. */
        if (state->foreground) {
                AUTO_CLOSE int pidfd = process_open(&state->starter);

                if (pidfd >= 0 && !stop_in_unit(state) &&
                    process_wait(pidfd, STOP_STARTER_WAIT) > 0)
                        return 0;
        }
        return stop_remove(state, run, false, err);
}

static int stop_unit(const char *unit, struct error *err)
{
        char program[] = "systemctl", verb[] = "stop", end[] = "--";
        AUTO_FREE char *name = str_dup(unit);
        char *args[] = { program, verb, end, name, NULL };
        pid_t pid;
        int status;
        int result = posix_spawnp(&pid, program, NULL, NULL, args, environ);

        if (result != 0)
                return error_errno(err, result, "cannot execute systemctl");
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for systemctl");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_set(err, 0, "systemctl stop %s failed", unit);
        return 0;
}

int stop_plan(struct container_state *state, const char *run, int timeout, struct error *err)
{
        if (timeout == STOP_OWN_TIMEOUT || !state->init.pid)
                return 0;
        state->stop_timeout = (unsigned)timeout;
        return state_write(run, state, err);
}

int stop_from_outside(struct container_state *state, const char *run, int timeout,
                      struct error *err)
{
        if (!state->unit || stop_in_unit(state) || !state_alive(state))
                return stop_container(state, run, timeout, err);
        if (stop_plan(state, run, timeout, err) < 0)
                return -1;
        return stop_unit(state->unit, err);
}
