/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit-health: checks a container's health, once or for as long as it runs. It links as little as
 * it can: one of it is there for each container that is asked.
 *
 *   crunit-health once RUN [RUNTIME]              exit status 0 good, 1 not, 125 it could not ask
 *   crunit-health watch RUN INTERVAL [RUNTIME]    INTERVAL in milliseconds
 *
 * RUN is the container's run directory.
 */
#include "base/log.h"
#include "cmd/health-watch.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

enum {
        STATUS_UNHEALTHY = 1,
        STATUS_FAILURE = 125,
};

static int open_signals(struct error *err)
{
        sigset_t set;
        int fd;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGPIPE, SIG_IGN);
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd >= 0 ? fd : error_errno(err, errno, "cannot make a signalfd");
}

static int once(int argc, char **argv, struct error *err)
{
        AUTO_HEALTH_ASKER struct health_asker asker = { .init = -1 };
        AUTO_CLOSE int signals = open_signals(err);
        int result;

        if (signals < 0 ||
            health_asker_open(argv[2], argc > 3 ? argv[3] : NULL, signals, &asker, err) < 0)
                return STATUS_FAILURE;
        result = health_watch_once(&asker, err);
        return result < 0 ? STATUS_FAILURE : result ? EXIT_SUCCESS : STATUS_UNHEALTHY;
}

/* A container that has just ended, and perhaps begun anew, is no failure of who was to ask it; nor
 * is being told to stop. */
static int watch_failed(const struct health_asker *asker, struct error *err)
{
        bool ended = asker->init >= 0 && process_wait(asker->init, 0) != 0;

        if (!ended && err->code != EINTR && err->code != ESRCH && err->code != ENOENT)
                return STATUS_FAILURE;
        error_clear(err);
        return EXIT_SUCCESS;
}

static int watch(int argc, char **argv, struct error *err)
{
        AUTO_HEALTH_ASKER struct health_asker asker = { .init = -1 };
        AUTO_CLOSE int signals = open_signals(err);
        unsigned long long interval;

        if (argc < 4 || !str_to_u64(argv[3], INT32_MAX, &interval)) {
                error_set(err, EINVAL, "crunit-health watch RUN INTERVAL [RUNTIME]");
                return STATUS_FAILURE;
        }
        if (signals < 0 ||
            health_asker_open(argv[2], argc > 4 ? argv[4] : NULL, signals, &asker, err) < 0)
                return watch_failed(&asker, err);
        /* The container's whole configuration has been read, of which little is kept, for long. */
        malloc_trim(0);
        if (health_watch(&asker, interval, err) == 0)
                return EXIT_SUCCESS;
        return watch_failed(&asker, err);
}

int main(int argc, char **argv)
{
        static const struct {
                const char *verb;
                int (*run)(int argc, char **argv, struct error *err);
        } verbs[] = { { "once", once }, { "watch", watch } };
        AUTO_ERROR struct error err = { 0 };

        /* It is executed by a descriptor, which would be its name. */
        prctl(PR_SET_NAME, "crunit-health");
        for (size_t i = 0; argc > 2 && i < sizeof verbs / sizeof *verbs; i++)
                if (str_equal(argv[1], verbs[i].verb)) {
                        int status = verbs[i].run(argc, argv, &err);

                        if (status == STATUS_FAILURE && err.message)
                                log_error("%s", err.message);
                        return status;
                }
        fprintf(stderr, "usage: crunit-health once RUN [RUNTIME]\n"
                        "       crunit-health watch RUN INTERVAL [RUNTIME]\n");
        return STATUS_FAILURE;
}
