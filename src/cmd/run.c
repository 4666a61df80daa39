/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit run: options in, the container's life begins in container/run.c. */
#include "../container/run.h"
#include "../base/log.h"
#include "../base/spawn.h"
#include "../container/handover.h"
#include "../container/transient.h"
#include "../image/store.h"
#include "commands.h"
#include "pod-options.h"
#include "run-options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

static void run_warn(const char *line)
{
        log_warning("%s", line);
}

/* What holds unless an option says otherwise. */
static int run_set_defaults(struct container_spec *spec, const struct settings *settings,
                            struct error *err)
{
        AUTO_FREE char *seconds = str_format("--stop-timeout=%u", settings->stop_timeout);
        AUTO_FREE char *driver = str_format("--log-driver=%s", settings->log_driver);
        char word[] = "run";
        char *words[] = { word, seconds, driver, NULL };
        int first;

        return option_parse(run_options, true, 3, words, spec, &first, err);
}

static int run_with(struct container_spec *spec, const struct settings *settings, struct error *err)
{
        struct run_settings run = {
                .storage = store_root(getenv("CRUNIT_STORAGE") ? NULL : settings->storage),
                .additional = &settings->additional_stores,
                .runtime = settings->runtime,
        };
        int status;

        if (!spec->seccomp && !spec->privileged)
                spec->seccomp = str_dup(settings->seccomp_profile);
        run_container(spec, &run, run_warn, &status, err);
        return status;
}

/* One that was stopped by hand starts with the first container that comes. */
static int run_start_pod(const struct pod *pod, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *said = NULL;
        int status;

        strv_append(&words, BINDIR "/crunit");
        strv_append(&words, "pod");
        strv_append(&words, "start");
        strv_append(&words, pod->name);
        status = spawn_run(&words, NULL, SPAWN_STDOUT, &said, err);
        if (status < 0)
                return -1;
        return status ? error_set(err, ESRCH, "pod '%s' does not start", pod->name) : 0;
}

/* What the container gets from its pod. */
static int run_find_pod(struct container_spec *spec, struct error *err)
{
        AUTO_POD struct pod pod = { 0 };

        if (!spec->pod)
                return 0;
        if (pod_find(spec->pod, &pod, err) < 0)
                return error_wrap(err, "--pod %s", spec->pod);
        if (pod.status == POD_STOPPED && !pod.unit && run_start_pod(&pod, err) < 0)
                return -1;
        return pod_request_apply(&pod, spec, err);
}

/* From a shell, somebody has to watch it: systemd. */
static int run_as_unit(struct container_spec *spec, char **words, struct error *err)
{
        AUTO_FREE char *id = NULL;

        if (transient_run(spec, words, &id, err) < 0)
                return CMD_USAGE;
        puts(id);
        return EXIT_SUCCESS;
}

/* For systemd a service that its stop signal ended has ended well, one that exits with 128 + N has
 * not. */
static void run_end_by_signal(int number)
{
        sigset_t set;

        if (number <= 0)
                return;
        signal(number, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, number);
        raise(number);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int cmd_run(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STRV struct strv words = { 0 }; /* the order of argv does not stay */
        int first, status, loaded;

        for (int i = 1; i < argc; i++)
                strv_append(&words, argv[i]);
        spec_init(&spec);
        loaded = cmd_load_settings(&settings, &err);
        if (loaded == 0)
                loaded = run_set_defaults(&spec, &settings, &err);
        if (!cmd_options(cmd, true, argc, argv, &spec, 1, -1, &first, &status))
                return status;
        status = CMD_USAGE;
        if (loaded == 0 && run_options_finish(&spec, argc - first, argv + first, &err) == 0) {
                if (spec.detach && !handover_possible() && sd_booted() > 0)
                        status = run_as_unit(&spec, words.items, &err);
                else if (run_find_pod(&spec, &err) == 0)
                        status = run_with(&spec, &settings, &err);
        }
        if (err.message)
                log_error("%s%s%s", spec.name ? spec.name : "", spec.name ? ": " : "", err.message);
        if (err.code == EINTR)
                run_end_by_signal(status - CMD_SIGNALLED);
        return status;
}
