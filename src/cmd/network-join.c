/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit-network join, leave, sweep: for crunit. The answer to join is one line of JSON on standard
 * output: either what came of it, with our pid and the descriptor of the namespace, or
 * {"error": MESSAGE, "code": ERRNO}. The namespace is there until standard input ends.
 */
#include "../base/json.h"
#include "../base/log.h"
#include "network-cmd.h"
#include "network-setup.h"

#include <errno.h>
#include <signal.h>

static void join_answer(struct json_object *object)
{
        AUTO_FREE char *text = json_text(object, false);

        puts(text);
        fflush(stdout);
        /* Whoever reads to the end goes on. */
        fclose(stdout);
}

static void join_answer_error(const struct error *err)
{
        AUTO_JSON struct json_object *object = json_object_new_object();

        json_set_string(object, "error", err->message);
        json_object_object_add(object, "code", json_object_new_int64(err->code));
        join_answer(object);
}

static void join_wait(void)
{
        char byte;
        ssize_t n;

        do
                n = read(STDIN_FILENO, &byte, 1);
        while (n > 0 || (n < 0 && errno == EINTR));
}

static int join_read(const char *text, struct join_request *ret, struct error *err)
{
        AUTO_JSON struct json_object *object = NULL;

        if (json_parse(text, strlen(text), "the request", &object, err) < 0)
                return -1;
        return join_request_from_json(object, ret, err);
}

static int join_act(struct network_setup *setup, const char *text, int *ret_namespace,
                    struct error *err)
{
        AUTO_JOIN struct join_request request = { 0 };
        AUTO_JOINED struct joined joined = { 0 };
        AUTO_JSON struct json_object *object = NULL;

        if (network_setup_load(setup, err) < 0 || join_read(text, &request, err) < 0)
                return -1;
        setup->context.storage = request.storage;
        setup->context.runtime = request.runtime;
        if (connect_join(&setup->context, &request, &joined, ret_namespace, err) < 0)
                return -1;
        object = joined_to_json(&joined);
        json_object_object_add(object, "namespace", json_object_new_int64(*ret_namespace));
        json_object_object_add(object, "pid", json_object_new_int64(getpid()));
        join_answer(object);
        join_wait();
        connect_sweep(&setup->context);
        return 0;
}

int cmd_network_join(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_SETUP struct network_setup setup = { 0 };
        AUTO_CLOSE int namespace = -1;
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        signal(SIGPIPE, SIG_IGN);
        if (join_act(&setup, argv[first], &namespace, &err) < 0) {
                join_answer_error(&err);
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
        connect_sweep(&setup.context);
        return EXIT_SUCCESS;
}
