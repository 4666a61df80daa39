/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netjoin.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../network/member.h"
#include "../network/network.h"
#include "interrupt.h"
#include "pod-hold.h"
#include "pod-join.h"
#include "process.h"
#include "spec-network.h"

#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

enum {
        NETJOIN_ANSWER_MAX = 4 * 1024 * 1024,
        NETJOIN_FILE_MAX = 1024 * 1024,
        NETJOIN_PIECE = 4096,
        NETJOIN_SHORT_ID = 12,
};

/* --- crunit-network */

/* stdio: of the new process; -1: ours. */
static int netjoin_spawn(struct strv *args, int in, int out, const sigset_t *signals,
                         pid_t *ret_pid, struct error *err)
{
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_FREE char *path = str_format("%s/crunit-network", directory ? directory : LIBEXECDIR);
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int result;

        posix_spawnattr_init(&attributes);
        if (signals) {
                posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
                posix_spawnattr_setsigmask(&attributes, signals);
        }
        posix_spawn_file_actions_init(&actions);
        if (in >= 0)
                posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        if (out >= 0)
                posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        result = posix_spawn(ret_pid, path, &actions, &attributes, args->items, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return result == 0 ? 0 : error_errno(err, result, "cannot execute %s", path);
}

static int netjoin_reap(pid_t pid)
{
        int status = 0;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -1;
        return status;
}

/* --- what is asked for */

static int netjoin_describe(const struct container_spec *spec, const struct container_state *state,
                            const struct place *place, const char *storage, const char *namespace,
                            struct join_request *ret, struct error *err)
{
        ret->storage = str_dup(storage);
        ret->runtime = str_dup(place_runtime());
        ret->label = str_dup(place->label);
        ret->name = str_dup(spec->name);
        ret->id = str_dup(state->id);
        ret->namespace = str_dup(namespace);
        /* A name that was made from the id never comes again. */
        ret->forget = strncmp(spec->name, state->id, NETJOIN_SHORT_ID) == 0;
        strv_append_all(&ret->aliases, &spec->network_aliases);
        if (spec->hostname)
                strv_append(&ret->aliases, spec->hostname);
        strv_append_all(&ret->ports, &spec->publish);
        spec_add_servers(spec, ret);
        if (!spec->networks.count)
                return spec_add_network(spec, NETWORK_DEFAULT, ret, err);
        for (size_t i = 0; i < spec->networks.count; i++)
                if (spec_add_network(spec, spec->networks.items[i], ret, err) < 0)
                        return -1;
        return 0;
}

static bool netjoin_is_ours(const struct container_spec *spec)
{
        return (spec->network == SPEC_NETWORK_DEFAULT || spec->network == SPEC_NETWORK_OTHER) &&
               !spec_shares(spec, SPEC_SHARE_NET);
}

int netjoin_prepare(const struct container_spec *spec, const sigset_t *signals, struct netjoin *ret,
                    struct error *err)
{
        AUTO_STRV struct strv args = { 0 };
        int hold[2], answer[2], result;

        if (!netjoin_is_ours(spec))
                return 0;
        strv_append(&args, "crunit-network");
        strv_append(&args, "join");
        if (pipe2(hold, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        ret->hold = hold[1];
        if (pipe2(answer, O_CLOEXEC) < 0) {
                close(hold[0]);
                return error_errno(err, errno, "cannot make a pipe");
        }
        ret->answer = answer[0];
        result = netjoin_spawn(&args, hold[0], answer[1], signals, &ret->helper, err);
        close(hold[0]);
        close(answer[1]);
        if (result < 0)
                ret->helper = 0;
        return result;
}

/* A helper that is gone is noticed when its answer is missing. */
static void netjoin_ask(const struct join_request *request, const struct netjoin *netjoin)
{
        AUTO_JSON struct json_object *object = join_request_to_json(request);
        AUTO_FREE char *text = json_text(object, false);
        AUTO_FREE char *line = str_concat(text, "\n");

        io_write_all(netjoin->hold, line, strlen(line));
}

/* --- another's network */

int netjoin_open(const char *path, struct netjoin *netjoin, struct error *err)
{
        netjoin->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (netjoin->fd < 0)
                return error_errno(err, errno, "cannot open the network namespace %s", path);
        netjoin->path = str_format("/proc/%d/fd/%d", (int)getpid(), netjoin->fd);
        return 0;
}

static char *netjoin_read(const char *run, const char *name)
{
        AUTO_FREE char *path = str_format("%s/%s", run, name);
        char *text = NULL;

        io_read_file(AT_FDCWD, path, NETJOIN_FILE_MAX, &text, NULL, NULL);
        return text;
}

static int netjoin_open_container(const char *name, struct netjoin *netjoin, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL, *path = NULL;

        if (state_find_running(name, &state, &run, err) < 0)
                return error_wrap(err, "--network container:%s", name);
        path = str_format("/proc/%d/ns/net", (int)state.init.pid);
        if (netjoin_open(path, netjoin, err) < 0 || state_check_running(&state, err) < 0)
                return error_wrap(err, "--network container:%s", name);
        netjoin->hosts = netjoin_read(run, "hosts");
        netjoin->resolv_conf = netjoin_read(run, "resolv.conf");
        return 0;
}

int netjoin_begin(const struct container_spec *spec, const struct container_state *state,
                  const struct place *place, const char *storage, const char *namespace,
                  struct netjoin *ret, struct error *err)
{
        AUTO_JOIN struct join_request request = { 0 };

        if (spec_shares(spec, SPEC_SHARE_NET))
                return pod_join_network(spec, state, place, ret, err);
        switch (spec->network) {
        case SPEC_NETWORK_HOST:
        case SPEC_NETWORK_NONE:
                return 0;
        case SPEC_NETWORK_CONTAINER:
                return netjoin_open_container(str_after(spec->networks.items[0], "container:"), ret,
                                              err);
        case SPEC_NETWORK_PATH:
                return netjoin_open(str_after(spec->networks.items[0], "ns:"), ret, err);
        case SPEC_NETWORK_DEFAULT:
        case SPEC_NETWORK_OTHER:
                break;
        }
        if (netjoin_describe(spec, state, place, storage, namespace, &request, err) < 0)
                return -1;
        netjoin_ask(&request, ret);
        return 0;
}

/* --- what came of it */

/* Until it has said something; -1 with code EINTR when we were told to stop. */
static int netjoin_wait(const struct netjoin *netjoin, struct error *err)
{
        AUTO_CLOSE int signals = interrupt_fd(err);

        if (signals < 0)
                return -1;
        for (;;) {
                struct pollfd events[] = {
                        { .fd = netjoin->answer, .events = POLLIN },
                        { .fd = signals, .events = POLLIN },
                };

                if (poll(events, 2, -1) < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crunit-network");
                if (events[1].revents)
                        return error_set(err, EINTR, "stopped while starting");
                if (events[0].revents)
                        return 0;
        }
}

/* One more piece of the answer; 0 at its end. */
static ssize_t netjoin_read_more(struct netjoin *netjoin, struct error *err)
{
        char piece[NETJOIN_PIECE];
        ssize_t n;

        do
                n = read(netjoin->answer, piece, sizeof piece);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return error_errno(err, errno, "cannot read the answer of crunit-network");
        if (netjoin->said.length + (size_t)n > NETJOIN_ANSWER_MAX)
                return error_set(err, EFBIG, "the answer of crunit-network is too long");
        strbuf_append_n(&netjoin->said, piece, (size_t)n);
        return n;
}

/* The next line of the answer, as what it is; the error it may be is ours. */
static int netjoin_hear(struct netjoin *netjoin, struct json_object **ret, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;
        struct strbuf *said = &netjoin->said;
        const char *message = NULL;
        int64_t code = 0;
        size_t length;

        while (!said->length || !strchr(said->data, '\n')) {
                ssize_t n = netjoin_wait(netjoin, err) < 0 ? -1 : netjoin_read_more(netjoin, err);

                if (n < 0)
                        return -1;
                if (n == 0)
                        return error_set(err, EIO, "crunit-network ended without an answer");
        }
        length = strcspn(said->data, "\n");
        if (json_parse(said->data, length, "crunit-network", &object, err) < 0)
                return -1;
        said->length -= length + 1;
        memmove(said->data, said->data + length + 1, said->length + 1);
        if (json_get_string(object, "error", &message, err) < 0 ||
            json_get_int(object, "code", &code, err) < 0)
                return -1;
        if (message)
                return error_set(err, (int)code, "%s", message);
        *ret = json_object_get(object);
        return 0;
}

int netjoin_take(struct netjoin *netjoin, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_FREE char *path = NULL;
        int64_t number = 0, pid = 0;

        if (!netjoin->helper)
                return 0;
        if (netjoin_hear(netjoin, &object, err) < 0)
                return -1;
        if (json_get_int(object, "namespace", &number, err) < 0 ||
            json_get_int(object, "pid", &pid, err) < 0 ||
            joined_from_json(object, &netjoin->joined, err) < 0)
                return error_wrap(err, "crunit-network");
        netjoin->is_joined = true;
        path = str_format("/proc/%d/fd/%d", (int)pid, (int)number);
        return netjoin_open(path, netjoin, err);
}

int netjoin_finish(struct netjoin *netjoin, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;

        if (!netjoin->helper)
                return 0;
        if (netjoin_hear(netjoin, &object, err) < 0 ||
            json_get_strv(object, "notes", &netjoin->joined.notes, err) < 0)
                return -1;
        netjoin->helper = 0;
        cleanup_close(&netjoin->hold);
        netjoin->hold = -1;
        return 0;
}

void netjoin_free(struct netjoin *netjoin)
{
        cleanup_close(&netjoin->hold);
        cleanup_close(&netjoin->answer);
        cleanup_close(&netjoin->fd);
        strbuf_free(&netjoin->said);
        joined_free(&netjoin->joined);
        free(netjoin->path);
        free(netjoin->hosts);
        free(netjoin->resolv_conf);
        *netjoin = (struct netjoin)NETJOIN_NONE;
}

int netjoin_leave(const char *run, struct error *err)
{
        const char *label = strrchr(run, '/');
        AUTO_STRV struct strv args = { 0 };
        pid_t pid;
        int status;

        label = label ? label + 1 : run;
        if (!member_exists(place_runtime(), label))
                return 0;
        strv_append(&args, "crunit-network");
        strv_append(&args, "leave");
        strv_append(&args, label);
        if (netjoin_spawn(&args, -1, -1, NULL, &pid, err) < 0)
                return -1;
        status = netjoin_reap(pid);
        if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_set(err, EIO, "the network of '%s' could not be taken back", label);
        return 0;
}

void netjoin_sweep(void)
{
        AUTO_STRV struct strv stale = { 0 }, args = { 0 };
        pid_t pid;

        member_list_stale(place_runtime(), &stale);
        if (!stale.count && !pod_is_any_stale())
                return;
        strv_append(&args, "crunit-network");
        strv_append(&args, "sweep");
        if (netjoin_spawn(&args, -1, -1, NULL, &pid, NULL) == 0)
                netjoin_reap(pid);
}
