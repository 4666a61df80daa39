/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit run: options in, the container's life begins in container/run.c. */
#include "../container/run.h"
#include "../base/log.h"
#include "../base/settings.h"
#include "../image/store.h"
#include "commands.h"
#include "run-options.h"

static void run_warn(const char *line)
{
        log_warning("%s", line);
}

static int run_with(struct container_spec *spec, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        struct run_settings run = { 0 };
        int status;

        if (settings_load(&settings, err) < 0)
                return CMD_USAGE;
        if (!spec->seccomp)
                spec->seccomp = str_dup(settings.seccomp_profile);
        run.storage = store_root(getenv("CRUNIT_STORAGE") ? NULL : settings.storage);
        run.runtime = settings.runtime;
        run_container(spec, &run, run_warn, &status, err);
        return status;
}

int cmd_run(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SPEC struct container_spec spec = { 0 };
        int first, status;

        spec_init(&spec);
        if (!cmd_options(cmd, true, argc, argv, &spec, 1, -1, &first, &status))
                return status;
        status = CMD_USAGE;
        if (run_options_finish(&spec, argc - first, argv + first, &err) == 0)
                status = run_with(&spec, &err);
        if (err.message)
                log_error("%s%s%s", spec.name ? spec.name : "", spec.name ? ": " : "", err.message);
        return status;
}
