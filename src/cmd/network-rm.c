/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit network rm, prune. */
#include "../base/log.h"
#include "../network/bridge.h"
#include "../network/elements.h"
#include "../network/link.h"
#include "../network/member.h"
#include "network-cmd.h"
#include "network-filter.h"
#include "network-setup.h"
#include "prompt.h"

#include <errno.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>

struct rm_request {
        bool force;
        char *time; /* owned; seconds, or NULL */
        struct strv filters;
};

const struct option_row cmd_network_rm_options[] = {
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "stop containers that are on the network first; one that is not there is no "
                  "error",
          .take = option_take_bool,
          .field = offsetof(struct rm_request, force) },
        { .name = "time",
          .letter = 't',
          .argument = "SECONDS",
          .help = "with it, how long they may take",
          .take = option_take_string,
          .field = offsetof(struct rm_request, time) },
        { .name = NULL },
};

const struct option_row cmd_network_prune_options[] = {
        { .name = "filter",
          .argument = "NAME=VALUE",
          .help = "only those: label=, label!=, until=",
          .take = option_take_list,
          .field = offsetof(struct rm_request, filters) },
        { .name = "force",
          .letter = 'f',
          .kind = OPTION_FLAG,
          .help = "do not ask",
          .take = option_take_bool,
          .field = offsetof(struct rm_request, force) },
        { .name = NULL },
};

/* crunit [pod] stop [-t SECONDS] NAME, which knows about units. */
static int rm_stop(const char *name, const struct rm_request *request, struct error *err)
{
        const char *pod = str_after(name, NETWORK_SETUP_POD);
        AUTO_STRV struct strv args = { 0 };
        pid_t pid;
        int status, result;

        strv_append(&args, BINDIR "/crunit");
        if (pod)
                strv_append(&args, "pod");
        strv_append(&args, "stop");
        if (request->time)
                strv_appendf(&args, "--time=%s", request->time);
        strv_append(&args, pod ? pod : name);
        result = posix_spawn(&pid, args.items[0], NULL, NULL, args.items, environ);
        if (result != 0)
                return error_errno(err, result, "cannot execute %s", args.items[0]);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crunit stop");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_set(err, EBUSY, "%s was not stopped", name);
        return 0;
}

/* With --force, say which containers go, and stop them; without, refuse. */
static int rm_stop_users(const struct network_setup *setup, const char *network,
                         const struct rm_request *request, struct error *err)
{
        AUTO_STRV struct strv users = { 0 };
        AUTO_FREE char *names = NULL;

        if (network_setup_users(setup, network, &users, err) < 0)
                return -1;
        if (!users.count)
                return 0;
        names = strv_join(&users, ", ");
        if (!request->force)
                return error_set(err, EBUSY,
                                 "network '%s' is in use by %s: stop %s first, or use --force",
                                 network, names, users.count == 1 ? "it" : "them");
        log_info("network '%s': stopping %s", network, names);
        for (size_t i = 0; i < users.count; i++)
                if (rm_stop(users.items[i], request, err) < 0)
                        return -1;
        return 0;
}

/* Its bridge, and what the firewall knows of it. */
static int rm_take_bridge(const struct network_setup *setup, const char *name,
                          const char *interface, struct error *err)
{
        CLEANUP(link_close) struct links links = { 0 };
        CLEANUP(elements_close) struct elements elements = { 0 };
        bool others;

        if (link_open(&links, err) < 0 || elements_open(&elements, err) < 0 ||
            bridge_delete(&links, name, interface, &others, err) < 0 ||
            network_delete(setup->context.storage, name, err) < 0)
                return -1;
        if (others)
                log_warning("network '%s': the bridge '%s' is not of our making, and stays", name,
                            interface);
        if (elements_have_bridge(&elements, interface))
                return connect_load_firewall(&setup->context, err);
        return 0;
}

static int rm_take_down(const struct network_setup *setup, const struct network *network,
                        struct error *err)
{
        struct network_options options;

        network_read_options(network, &options);
        if (network->driver != NETWORK_BRIDGE || options.unmanaged)
                return network_delete(setup->context.storage, network->name, err);
        return rm_take_bridge(setup, network->name, network->interface, err);
}

/* What its definition said nobody knows; what there is of it says whose it is. */
static int rm_take_rest(const struct network_setup *setup, const char *name, struct error *err)
{
        AUTO_FREE char *bridge = bridge_of(name);

        if (bridge)
                return rm_take_bridge(setup, name, bridge, err);
        return network_delete(setup->context.storage, name, err);
}

static int rm_one(const struct network_setup *setup, const char *text,
                  const struct rm_request *request, struct error *err)
{
        AUTO_FREE char *name = NULL;
        AUTO_NETWORK struct network network = { 0 };
        AUTO_STRV struct strv users = { 0 };
        AUTO_ERROR struct error damage = { 0 };
        AUTO_CLOSE int lock = -1;

        if (network_resolve(setup->context.storage, text, &name, err) < 0)
                return -1;
        if (network_load(setup->context.storage, name, &network, &damage) < 0 &&
            (damage.code != EBADMSG || !request->force))
                return error_set(err, damage.code, "%s", damage.message);
        if (rm_stop_users(setup, name, request, err) < 0)
                return -1;
        lock = member_lock(setup->context.runtime, err);
        if (lock < 0 || network_setup_users(setup, name, &users, err) < 0)
                return -1;
        if (users.count)
                return error_set(err, EBUSY, "network '%s' is in use by %s again", name,
                                 users.items[0]);
        return network.name ? rm_take_down(setup, &network, err) : rm_take_rest(setup, name, err);
}

struct rm_call {
        const struct network_setup *setup;
        const struct rm_request *request;
};

static int rm_call_one(const char *name, void *context, struct error *err)
{
        const struct rm_call *call = context;

        if (rm_one(call->setup, name, call->request, err) == 0)
                puts(name);
        else if (!call->request->force || err->code != ENOENT)
                return -1;
        return 0;
}

int cmd_network_rm(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        struct rm_request request = { 0 };
        struct rm_call call = { &setup, &request };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, -1, &first, &status))
                return status;
        if (network_setup_load(&setup, &err) == 0)
                status = cmd_each(argv + first, (size_t)(argc - first), rm_call_one, &call,
                                  cmd_removal_failure);
        else
                status = log_failure(&err);
        free(request.time);
        return status;
}

static int prune_run(const struct rm_request *request, struct error *err)
{
        AUTO_SETUP struct network_setup setup = { 0 };
        CLEANUP(network_list_free) struct network_list list = { 0 };
        const struct rm_request gently = { 0 };

        if (network_setup_load(&setup, err) < 0 ||
            network_filter_list(&setup, &request->filters, &list, err) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++) {
                AUTO_ERROR struct error failed = { 0 };
                const char *name = list.items[i].name;

                if (str_equal(name, NETWORK_DEFAULT))
                        continue;
                if (rm_one(&setup, name, &gently, &failed) == 0)
                        puts(name);
                else if (failed.code != EBUSY)
                        log_failure(&failed);
        }
        return 0;
}

int cmd_network_prune(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        struct rm_request request = { 0 };
        int first, status, answer = 1;

        if (!cmd_options(cmd, false, argc, argv, &request, 0, 0, &first, &status))
                return status;
        if (!request.force)
                answer = prompt_removal(cmd->name, "networks that no container is on");
        status = answer < 0 ? CMD_USAGE : EXIT_SUCCESS;
        if (answer > 0 && prune_run(&request, &err) < 0)
                status = log_failure(&err);
        strv_free(&request.filters);
        return status;
}
