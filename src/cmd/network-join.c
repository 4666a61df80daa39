/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit-network join, leave, sweep: for crunit.
 *
 * The request to join is one line of JSON on standard input (join.h). It comes when crunit knows
 * what to ask for; until then this process makes ready what any container needs. The answer is two
 * lines on standard output: what the container gets, with our pid and the descriptor of its
 * namespace, when that is settled; and what there is to say ({"notes": […]}) when the network is
 * there. In place of either {"error": MESSAGE, "code": ERRNO} is the last line. The namespace is
 * there until standard input ends.
 */
#include "../base/json.h"
#include "../base/log.h"
#include "network-cmd.h"
#include "network-setup.h"
#include "pod-up.h"

#include <errno.h>
#include <signal.h>

enum {
        JOIN_REQUEST_MAX = 16 * 1024 * 1024,
};

static void join_answer(struct json_object *object)
{
        AUTO_FREE char *text = json_text(object, false);

        puts(text);
        fflush(stdout);
}

static void join_answer_error(const struct error *err)
{
        AUTO_JSON struct json_object *object = json_object_new_object();

        json_set_string(object, "error", err->message);
        json_object_object_add(object, "code", json_object_new_int64(err->code));
        join_answer(object);
}

/* What has been said already. */
struct join_told {
        size_t notes;
};

static void join_announce(void *context, const struct joined *joined, int namespace)
{
        struct join_told *told = context;
        AUTO_JSON struct json_object *object = joined_to_json(joined);

        json_object_object_add(object, "namespace", json_object_new_int64(namespace));
        json_object_object_add(object, "pid", json_object_new_int64(getpid()));
        join_answer(object);
        told->notes = joined->notes.count;
}

static void join_answer_end(const struct joined *joined, const struct join_told *told)
{
        AUTO_JSON struct json_object *object = json_object_new_object();
        struct json_object *notes = json_add_array(object, "notes");

        for (size_t i = told->notes; i < joined->notes.count; i++)
                json_object_array_add(notes, json_object_new_string(joined->notes.items[i]));
        join_answer(object);
}

/* Up to the end of the line; 0 where crunit went away before. */
static int join_read(struct join_request *ret, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;
        AUTO_STRBUF struct strbuf text = { 0 };
        char piece[4096];
        ssize_t n;

        while (!text.length || text.data[text.length - 1] != '\n') {
                n = read(STDIN_FILENO, piece, sizeof piece);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read the request");
                if (n == 0)
                        return 0;
                if (text.length + (size_t)n > JOIN_REQUEST_MAX)
                        return error_set(err, E2BIG, "the request is too long");
                strbuf_append_n(&text, piece, (size_t)n);
        }
        if (json_parse(text.data, text.length, "the request", &object, err) < 0 ||
            join_request_from_json(object, ret, err) < 0)
                return -1;
        return 1;
}

static void join_wait(void)
{
        char byte;
        ssize_t n;

        do
                n = read(STDIN_FILENO, &byte, 1);
        while (n > 0 || (n < 0 && errno == EINTR));
}

static int join_act(struct network_setup *setup, struct connect_ready *ready, struct error *err)
{
        AUTO_JOIN struct join_request request = { 0 };
        AUTO_JOINED struct joined joined = { 0 };
        struct join_told told = { 0 };
        int asked;

        if (network_setup_load(setup, err) < 0 || connect_prepare(ready, err) < 0)
                return -1;
        asked = join_read(&request, err);
        if (asked <= 0)
                return asked;
        setup->context.storage = request.storage;
        setup->context.runtime = request.runtime;
        setup->context.announce = join_announce;
        setup->context.announce_context = &told;
        if (connect_join_ready(&setup->context, &request, ready, &joined, err) < 0)
                return -1;
        join_answer_end(&joined, &told);
        join_wait();
        connect_sweep(&setup->context);
        return 0;
}

int cmd_network_join(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        CLEANUP(connect_release) struct connect_ready ready = CONNECT_UNREADY;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 0, 0, &first, &status))
                return status;
        signal(SIGPIPE, SIG_IGN);
        if (join_act(&setup, &ready, &err) < 0) {
                join_answer_error(&err);
                /* It may be about to open what the first line has told it of. */
                join_wait();
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}

int cmd_network_leave(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        if (network_setup_load(&setup, &err) < 0 ||
            connect_leave(&setup.context, argv[first], &err) < 0)
                return log_failure(&err);
        return EXIT_SUCCESS;
}

int cmd_network_sweep(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 0, 0, &first, &status))
                return status;
        if (network_setup_load(&setup, &err) < 0)
                return log_failure(&err);
        pod_sweep_all(&setup);
        return EXIT_SUCCESS;
}
