/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit rm. */
#include "rm.h"
#include "../base/log.h"
#include "../container/kept.h"
#include "../container/place.h"
#include "../container/stop.h"
#include "../container/transient.h"
#include "../container/writable.h"
#include "../image/store.h"
#include "choice.h"
#include "commands.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

struct rm_request {
        bool force, ignore, volumes;
        int timeout; /* seconds, or STOP_OWN_TIMEOUT */
        struct choice choice;
};

static void rm_request_free(struct rm_request *request)
{
        choice_free(&request->choice);
}

const struct option_row rm_options_table[] = {
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "stop a running one first; one that is not there is no error",
          .take = option_take_bool,
          .field = offsetof(struct rm_request, force) },
        { .name = "ignore",
          .letter = 'i',
          .kind = OPTION_FLAG,
          .help = "a container that is not there is no error",
          .take = option_take_bool,
          .field = offsetof(struct rm_request, ignore) },
        { .name = "volumes",
          .letter = 'v',
          .kind = OPTION_FLAG,
          .help = "anonymous volumes as well; they always go with their container",
          .take = option_take_bool,
          .field = offsetof(struct rm_request, volumes) },
        { .name = "time",
          .letter = 't',
          .argument = "SECONDS",
          .help = "with --force: wait so long before SIGKILL (-1: for ever)",
          .take = option_take_timeout,
          .field = offsetof(struct rm_request, timeout) },
        CHOICE_ROWS(struct rm_request, choice, 0),
        { .name = NULL },
};

/* Kept writable layers of that name whose containers are no longer known (a reboot); or that of an
 * id. */
static int rm_remove_kept(const char *name, bool *ret_found, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STRV struct strv labels = { 0 };
        AUTO_FREE char *prefix = str_format("%s@", name);
        AUTO_KEPT struct kept kept = { 0 };
        const char *storage;

        if (cmd_load_settings(&settings, err) < 0)
                return -1;
        storage = store_root_of(settings.storage);
        if (place_list_data(storage, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *data = place_data(storage, labels.items[i]);

                if (!str_has_prefix(labels.items[i], prefix))
                        continue;
                if (writable_remove(data, true, err) < 0)
                        return -1;
                *ret_found = true;
        }
        if (*ret_found)
                return 0;
        if (kept_find(name, storage, NULL, &kept, err) < 0)
                return err->code == ENOENT ? 0 : -1;
        *ret_found = true;
        return writable_remove(kept.data, true, err);
}

static int rm_known(struct container_state *state, const char *run,
                    const struct rm_request *request, struct error *err)
{
        if (state_alive(state)) {
                if (!request->force)
                        return error_set(err, EBUSY,
                                         "container '%s' is running: stop it first, or use --force",
                                         state->name);
                if (stop_from_outside(state, run, request->timeout, err) < 0)
                        return -1;
        }
        return stop_remove(state, run, true, err);
}

static int rm_one(const char *name, void *context, struct error *err)
{
        const struct rm_request *request = context;
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;
        bool found = false;

        if (state_find(name, &state, &run, err) == 0) {
                if (rm_known(&state, run, request, err) < 0)
                        return -1;
                transient_forget(state.name, false, NULL);
                return 0;
        }
        if (err->code != ENOENT)
                return -1;
        /* Between two starts of one that systemd starts again and again, or after its failure. */
        found = transient_forget(name, request->force, NULL) > 0;
        if (rm_remove_kept(name, &found, err) < 0)
                return -1;
        if (!found && !request->ignore)
                return error_set(err, ENOENT, "there is no container '%s'", name);
        return 0;
}

int rm_container(const char *name, const char *seconds, struct error *err)
{
        struct rm_request request = { .force = true, .ignore = true, .timeout = STOP_OWN_TIMEOUT };
        unsigned long long number;

        if (seconds && !str_equal(seconds, "-1")) {
                if (!str_to_u64(seconds, INT_MAX, &number))
                        return error_set(err, EINVAL, "--time %s: not a number of seconds",
                                         seconds);
                request.timeout = (int)number;
        } else if (seconds) {
                request.timeout = INT_MAX;
        }
        return rm_one(name, &request, err);
}

int cmd_rm(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(rm_request_free) struct rm_request request = { .timeout = STOP_OWN_TIMEOUT };
        AUTO_STRV struct strv names = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        if (request.timeout != STOP_OWN_TIMEOUT && !request.force) {
                log_error("rm: --time means nothing without --force");
                return CMD_USAGE;
        }
        request.ignore |= request.force;
        if (!choice_names(&request.choice, cmd->name, argv + first, CHOICE_KNOWN, request.ignore,
                          &names, &status))
                return status;
        return cmd_each(names.items, names.count, rm_one, &request, cmd_removal_failure);
}
