/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit volume rm, prune. */
#include "../base/log.h"
#include "../container/volume-mount.h"
#include "prompt.h"
#include "rm.h"
#include "volume-cmd.h"
#include "volume-view.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum {
        RM_LOCK_TRIES = 500,
        RM_LOCK_WAIT = 20, /* milliseconds between them */
};

struct rm_volumes_request {
        struct strv filters; /* owned */
        char *time;          /* owned */
        bool all, force;
};

static void rm_free(struct rm_volumes_request *request)
{
        strv_free(&request->filters);
        free(request->time);
}

#define FIELD(member) offsetof(struct rm_volumes_request, member)

const struct option_row cmd_volume_rm_options[] = {
        { .name = "all",
          .letter = 'a',
          .kind = OPTION_FLAG,
          .help = "all volumes",
          .take = option_take_bool,
          .field = FIELD(all) },
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "stop and remove the containers that use it first; one that is not there is no "
                  "error",
          .take = option_take_bool,
          .field = FIELD(force) },
        { .name = "time",
          .letter = 't',
          .argument = "SECONDS",
          .help = "with --force, how long a container may take to stop",
          .take = option_take_string,
          .field = FIELD(time) },
        { .name = NULL },
};

const struct option_row cmd_volume_prune_options[] = {
        { .name = "filter",
          .argument = "NAME=VALUE",
          .help = "only those, as with volume ls",
          .take = option_take_list,
          .field = FIELD(filters) },
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "do not ask",
          .take = option_take_bool,
          .field = FIELD(force) },
        { .name = NULL },
};

static int rm_find_users(const char *storage, const char *name, struct strv *ret, struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };

        if (census_take(storage, log_warning_line, &census, err) < 0)
                return -1;
        volume_users(&census, name, ret);
        return 0;
}

static int rm_in_use(const char *name, const struct strv *users, struct error *err)
{
        AUTO_FREE char *names = strv_join(users, ", ");

        return error_set(err, EBUSY,
                         "volume '%s' is in use by %s: stop and remove %s first, or use --force",
                         name, names, users->count == 1 ? "it" : "them");
}

/* Nobody holds it for long, but who fills it. */
static int rm_lock(const char *storage, const char *name, struct error *err)
{
        for (int tries = 0;; tries++) {
                int lock;

                error_clear(err);
                lock = volume_lock(storage, name, err);
                if (lock >= 0 || err->code != EWOULDBLOCK || tries == RM_LOCK_TRIES)
                        return lock;
                poll(NULL, 0, RM_LOCK_WAIT);
        }
}

static int rm_stop_users(const char *storage, const char *name,
                         const struct rm_volumes_request *request, struct error *err)
{
        AUTO_STRV struct strv users = { 0 };

        if (rm_find_users(storage, name, &users, err) < 0)
                return -1;
        if (users.count && !request->force)
                return rm_in_use(name, &users, err);
        for (size_t i = 0; i < users.count; i++) {
                log_info("volume '%s': removing container '%s'", name, users.items[i]);
                if (rm_container(users.items[i], request->time, err) < 0)
                        return -1;
        }
        return 0;
}

static int rm_one(const char *storage, const char *text, const struct rm_volumes_request *request,
                  struct error *err)
{
        AUTO_FREE char *name = NULL;
        AUTO_STRV struct strv users = { 0 };
        AUTO_CLOSE int lock = -1;

        if (volume_resolve(storage, text, &name, err) < 0)
                return -1;
        if (rm_stop_users(storage, name, request, err) < 0)
                return -1;
        lock = rm_lock(storage, name, err);
        if (lock < 0 || rm_find_users(storage, name, &users, err) < 0)
                return -1;
        if (users.count)
                return rm_in_use(name, &users, err);
        if (volume_is_held(storage, name) && volume_release(storage, name, err) < 0)
                return -1;
        if (volume_remove(storage, name, lock, err) < 0)
                return -1;
        puts(name);
        return 0;
}

struct rm_call {
        const char *storage;
        const struct rm_volumes_request *request;
};

static int rm_call_one(const char *name, void *context, struct error *err)
{
        const struct rm_call *call = context;

        if (rm_one(call->storage, name, call->request, err) < 0 &&
            (!call->request->force || err->code != ENOENT))
                return -1;
        return 0;
}

int cmd_volume_rm(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_STRV struct strv names = { 0 };
        CLEANUP(rm_free) struct rm_volumes_request request = { 0 };
        struct rm_call call = { .request = &request };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        for (int i = first; i < argc; i++)
                strv_append(&names, argv[i]);
        if (request.all != (names.count == 0)) {
                log_error("volume rm: either names of volumes or --all");
                return CMD_USAGE;
        }
        if (cmd_volume_storage(&settings, &call.storage, &err) < 0 ||
            (request.all && volume_list(call.storage, &names, &err) < 0))
                return log_failure(&err);
        return cmd_each(names.items, names.count, rm_call_one, &call, cmd_removal_failure);
}

/* --- prune */

static int prune_run(const struct rm_volumes_request *request, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_VOLUME_LIST struct volume_list list = { 0 };
        const struct rm_volumes_request gently = { 0 };
        const char *storage;
        int result = 0;

        if (cmd_volume_storage(&settings, &storage, err) < 0 ||
            volume_list_take(storage, &request->filters, &list, err) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++) {
                AUTO_ERROR struct error failed = { 0 };

                if (rm_one(storage, list.items[i].name, &gently, &failed) < 0 &&
                    failed.code != EBUSY && failed.code != ENOENT)
                        result = log_failure(&failed);
        }
        return result;
}

int cmd_volume_prune(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(rm_free) struct rm_volumes_request request = { 0 };
        int first, status, answer = 1;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (!request.force)
                answer = prompt_removal(cmd->name,
                                        "volumes that no container uses, with all that is in them");
        if (answer <= 0)
                return answer < 0 ? CMD_USAGE : EXIT_SUCCESS;
        status = prune_run(&request, &err);
        if (err.message)
                log_failure(&err);
        return status ? CMD_USAGE : EXIT_SUCCESS;
}
