/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit pod stop, rm. */
#include "pod-stop.h"

#include "../base/log.h"
#include "../base/spawn.h"
#include "../container/pod-hold.h"
#include "pod-cmd.h"
#include "pod-up.h"

#include <errno.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>

struct stop_request {
        bool all, force, ignore;
        int timeout; /* seconds, or POD_OWN_TIMEOUT */
};

#define POD_ALL_ROW(text)                                                                          \
        {                                                                                          \
                .name = "all", .letter = 'a', .kind = OPTION_FLAG, .help = text,                   \
                .take = option_take_bool, .field = offsetof(struct stop_request, all)              \
        }
#define POD_IGNORE_ROW                                                                             \
        {                                                                                          \
                .name = "ignore", .letter = 'i', .kind = OPTION_FLAG,                              \
                .help = "a pod that is not there is no error", .take = option_take_bool,           \
                .field = offsetof(struct stop_request, ignore)                                     \
        }
#define POD_TIME_ROW                                                                               \
        {                                                                                          \
                .name = "time", .letter = 't', .argument = "SECONDS",                              \
                .help = "wait so long before SIGKILL (-1: for ever)", .take = option_take_timeout, \
                .field = offsetof(struct stop_request, timeout)                                    \
        }

const struct option_row pod_stop_options[] = {
        POD_ALL_ROW("all pods"),
        POD_IGNORE_ROW,
        POD_TIME_ROW,
        { .name = NULL },
};

const struct option_row pod_rm_options[] = {
        POD_ALL_ROW("all pods"),
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "stop containers that are in it first; one that is not there is no error",
          .take = option_take_bool,
          .field = offsetof(struct stop_request, force) },
        POD_IGNORE_ROW,
        POD_TIME_ROW,
        { .name = NULL },
};

/* --- its containers */

/* crunit stop [--time=SECONDS] NAME, which knows about units; 0 where it cannot be executed. */
static pid_t pod_begin_stop(const char *name, int timeout)
{
        AUTO_STRV struct strv args = { 0 };
        pid_t pid;

        strv_append(&args, BINDIR "/crunit");
        strv_append(&args, "stop");
        strv_append(&args, "--ignore");
        if (timeout == INT32_MAX)
                strv_append(&args, "--time=-1");
        else if (timeout != POD_OWN_TIMEOUT)
                strv_appendf(&args, "--time=%d", timeout);
        strv_append(&args, name);
        return posix_spawn(&pid, args.items[0], NULL, NULL, args.items, environ) == 0 ? pid : 0;
}

static bool pod_wait_stop(pid_t pid)
{
        int status = -1;

        while (pid && waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return false;
        return pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int pod_stop_members(const struct pod *pod, int timeout, struct error *err)
{
        AUTO_MEMBERS struct pod_members members = { 0 };
        AUTO_FREE pid_t *pids = NULL;
        int result = 0;

        if (pod_list_members(pod->name, &members, err) < 0)
                return -1;
        pids = alloc_zero(members.count, sizeof *pids);
        for (size_t i = 0; i < members.count; i++)
                pids[i] = pod_begin_stop(members.items[i].state.name, timeout);
        for (size_t i = 0; i < members.count; i++)
                if (!pod_wait_stop(pids[i]))
                        result = error_set(err, EBUSY, "container '%s' was not stopped",
                                           members.items[i].state.name);
        return result;
}

int pod_stop(const struct network_setup *setup, struct pod *pod, int timeout, struct error *err)
{
        /* From here on no container comes: it looks at this when it is in the list itself. */
        pod->status = POD_STOPPED;
        if (pod_write(pod, err) < 0 || pod_stop_members(pod, timeout, err) < 0)
                return -1;
        return pod_down(setup, pod, err);
}

/* --- the commands */

/* The last commands of a unit that could not have the name do nothing to whose it is. */
static bool pod_is_others(const struct pod *pod)
{
        return getenv("SERVICE_RESULT") && !pod_is_own(pod);
}

static int pod_stop_unit(const char *unit, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        int status;

        strv_append(&words, "systemctl");
        strv_append(&words, "stop");
        strv_append(&words, "--");
        strv_append(&words, unit);
        status = spawn_run(&words, NULL, SPAWN_INHERIT, NULL, err);
        if (status < 0)
                return -1;
        return status ? error_set(err, 0, "systemctl stop %s failed", unit) : 0;
}

static bool pod_is_still_there(const struct pod *pod)
{
        AUTO_POD struct pod now = { 0 };

        return pod_read(pod->name, &now, NULL) == 0 && str_equal(now.id, pod->id) &&
               pod_alive(&now);
}

/* By its unit; where that does not know it any more, since the file was renamed, changed or removed
 * meanwhile, without. */
static int pod_stop_by_unit(const struct network_setup *setup, struct pod *pod, int timeout,
                            struct error *err)
{
        int result = pod_stop_unit(pod->unit, err);

        if (!pod_is_still_there(pod))
                return result;
        error_clear(err);
        if (pod_stop(setup, pod, timeout, err) < 0)
                return -1;
        if (pod->owner)
                rmdir(pod->owner);
        return 0;
}

static int pod_stop_one(const struct network_setup *setup, const char *name,
                        const struct stop_request *request, struct error *err)
{
        AUTO_POD struct pod pod = { 0 };

        if (pod_find(name, &pod, err) < 0)
                return -1;
        if (pod_is_others(&pod))
                return 0;
        if (pod_is_own(&pod) || !pod.unit)
                return pod_stop(setup, &pod, request->timeout, err);
        if (request->timeout != POD_OWN_TIMEOUT &&
            pod_stop_members(&pod, request->timeout, err) < 0)
                return -1;
        return pod_stop_by_unit(setup, &pod, request->timeout, err);
}

/* Its record says nothing; its containers say that they are its. */
static int pod_rm_damaged(const struct network_setup *setup, const char *name,
                          const struct stop_request *request, struct error *err)
{
        const struct pod pod = { .name = (char *)name };
        AUTO_CLOSE int lock = -1;

        if (pod_stop_members(&pod, request->timeout, err) < 0 || pod_down(setup, &pod, err) < 0)
                return -1;
        lock = pod_lock(err);
        return lock < 0 ? -1 : pod_remove(name, err);
}

static bool pod_is_damaged(const char *name)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_POD struct pod pod = { 0 };

        return pod_read(name, &pod, &err) < 0 && err.code != ENOENT;
}

static int pod_rm_one(const struct network_setup *setup, const char *name,
                      const struct stop_request *request, struct error *err)
{
        AUTO_MEMBERS struct pod_members members = { 0 };
        AUTO_POD struct pod pod = { 0 }, now = { 0 };
        AUTO_CLOSE int lock = -1;

        if (request->force && pod_is_damaged(name))
                return pod_rm_damaged(setup, name, request, err);
        if (pod_find(name, &pod, err) < 0 || pod_list_members(pod.name, &members, err) < 0)
                return -1;
        if (pod_is_others(&pod))
                return 0;
        if (!request->force && members.count)
                return error_set(err, EBUSY,
                                 "pod '%s' has running containers: stop it first, or use --force",
                                 pod.name);
        if (pod_stop_one(setup, pod.name, request, err) < 0)
                return -1;
        lock = pod_lock(err);
        if (lock < 0)
                return -1;
        if (pod_read(pod.name, &now, NULL) == 0 && pod_alive(&now))
                return error_set(err, EBUSY, "pod '%s' has been started again", pod.name);
        return pod_remove(pod.name, err);
}

struct pod_verb {
        int (*function)(const struct network_setup *setup, const char *name,
                        const struct stop_request *request, struct error *err);
        int (*failure)(const struct error *err); /* the exit status */
};

struct pod_call {
        const struct network_setup *setup;
        const struct pod_verb *verb;
        const struct stop_request *request;
};

static int pod_call_one(const char *name, void *context, struct error *err)
{
        const struct pod_call *call = context;

        if (call->verb->function(call->setup, name, call->request, err) == 0)
                puts(name);
        else if (!call->request->ignore || err->code != ENOENT)
                return -1;
        return 0;
}

static int pod_command(const struct cmd *cmd, const struct pod_verb *verb, int argc, char **argv)
{
        struct stop_request request = { .timeout = POD_OWN_TIMEOUT };
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        struct pod_call call = { &setup, verb, &request };
        AUTO_STRV struct strv names = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, -1, &first, &status))
                return status;
        for (int i = first; i < argc; i++)
                strv_append(&names, argv[i]);
        if ((names.count == 0) != request.all) {
                log_error("%s: %s", cmd->name,
                          request.all ? "names and --all exclude each other"
                                      : "no pod is named; --all means all of them");
                return CMD_USAGE;
        }
        if (network_setup_load(&setup, &err) < 0 || (request.all && pod_list(&names, &err) < 0))
                return log_failure(&err);
        request.ignore |= request.force;
        status = cmd_each(names.items, names.count, pod_call_one, &call, verb->failure);
        pod_sweep_all(&setup);
        return status;
}

int cmd_pod_stop(const struct cmd *cmd, int argc, char **argv)
{
        static const struct pod_verb verb = { pod_stop_one, log_failure };

        return pod_command(cmd, &verb, argc, argv);
}

int cmd_pod_rm(const struct cmd *cmd, int argc, char **argv)
{
        static const struct pod_verb verb = { pod_rm_one, cmd_removal_failure };

        return pod_command(cmd, &verb, argc, argv);
}
