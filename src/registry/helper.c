/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper.h"

#include "../base/io.h"
#include "../base/json.h"
#include "answer.h"
#include "transfer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define HELPER_PREFIX "docker-credential-"
/* What helpers say when they have nothing; there is no other sign. */
#define HELPER_NOTHING "credentials not found"

/* A helper at work. */
struct helper {
        const char *program; /* borrowed */
        pid_t pid;
        int output;           /* owned */
        struct strbuf answer; /* owned */
};

static void helper_end(struct helper *helper)
{
        if (helper->pid > 0) {
                kill(helper->pid, SIGKILL);
                while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        if (helper->output >= 0)
                close(helper->output);
        strbuf_free(&helper->answer);
}

/* Secrets go through memory, not through a file system, nor a command line. */
static int helper_make_input(const char *text, struct error *err)
{
        AUTO_CLOSE int fd = memfd_create("input", MFD_CLOEXEC);

        if (fd < 0 || io_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot prepare the input of a helper");
        return steal_fd(&fd);
}

static int helper_spawn(struct helper *helper, const char *action, int input, int output,
                        struct error *err)
{
        char *program = str_dup(helper->program);
        char *word = str_dup(action);
        char *argv[] = { program, word, NULL };
        posix_spawn_file_actions_t actions;
        int result;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        result = posix_spawnp(&helper->pid, program, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        free(program);
        free(word);
        if (result != 0) {
                helper->pid = 0;
                return error_errno(err, result, "cannot execute %s", helper->program);
        }
        return 0;
}

static int helper_start(struct helper *helper, const char *action, const char *text,
                        struct error *err)
{
        AUTO_CLOSE int input = helper_make_input(text, err);
        AUTO_CLOSE int output = -1;
        int pipes[2];

        if (input < 0)
                return -1;
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        helper->output = pipes[0];
        output = pipes[1];
        return helper_spawn(helper, action, input, output, err);
}

static int helper_read(struct helper *helper, struct error *err)
{
        int64_t end = transfer_clock() + HELPER_TIMEOUT * 1000;

        for (;;) {
                struct pollfd waits = { .fd = helper->output, .events = POLLIN };
                int64_t left = end - transfer_clock();
                char data[4096];
                ssize_t got;

                if (left <= 0 || poll(&waits, 1, (int)left) == 0)
                        return error_set(err, ETIMEDOUT, "%s has not answered for %d s",
                                         helper->program, HELPER_TIMEOUT);
                got = read(helper->output, data, sizeof data);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return error_errno(err, errno, "cannot read from %s", helper->program);
                if (got == 0)
                        return 0;
                if (helper->answer.length + (size_t)got > CREDENTIALS_MAX_ANSWER)
                        return error_set(err, EFBIG, "%s says too much", helper->program);
                strbuf_append_n(&helper->answer, data, (size_t)got);
        }
}

/* Its exit status, or -1. */
static int helper_wait(struct helper *helper, struct error *err)
{
        int status;

        while (waitpid(helper->pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for %s", helper->program);
        helper->pid = 0;
        if (!WIFEXITED(status))
                return error_set(err, EIO, "%s was killed by a signal", helper->program);
        return WEXITSTATUS(status);
}

static int helper_check_name(const char *name, struct error *err)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789._-";

        if (!*name || name[strspn(name, allowed)])
                return error_set(err, EINVAL, "'%s' is no name of a credential helper", name);
        return 0;
}

/* Ask the helper: 1 and its answer, 0 where it has nothing. */
static int helper_ask(const char *name, const char *action, const char *text, char **ret_answer,
                      struct error *err)
{
        AUTO_FREE char *program = str_concat(HELPER_PREFIX, name);
        CLEANUP(helper_end) struct helper helper = { .program = program, .output = -1 };
        AUTO_FREE char *said = NULL;
        int status;

        if (helper_check_name(name, err) < 0 || helper_start(&helper, action, text, err) < 0 ||
            helper_read(&helper, err) < 0)
                return -1;
        status = helper_wait(&helper, err);
        if (status < 0)
                return -1;
        strbuf_append(&helper.answer, "");
        if (status != 0 && strstr(helper.answer.data, HELPER_NOTHING))
                return 0;
        if (status != 0) {
                said = answer_message(helper.answer.data, helper.answer.length);
                return error_set(err, EIO, "%s %s failed with status %d%s%s", program, action,
                                 status, said ? ": " : "", said ? said : "");
        }
        *ret_answer = strbuf_steal(&helper.answer);
        return 1;
}

int helper_get(const char *name, const char *server, struct credentials *ret, struct error *err)
{
        AUTO_CREDENTIALS struct credentials found = { 0 };
        AUTO_JSON struct json_object *document = NULL;
        AUTO_FREE char *answer = NULL;
        AUTO_FREE char *secret = NULL;
        int result = helper_ask(name, "get", server, &answer, err);

        if (result <= 0)
                return result;
        if (json_parse(answer, strlen(answer), name, &document, err) < 0 ||
            json_copy_string(document, "Username", &found.user, err) < 0 ||
            json_copy_string(document, "Secret", &secret, err) < 0)
                return error_wrap(err, "answer of " HELPER_PREFIX "%s", name);
        if (str_empty(found.user) || !secret)
                return 0;
        if (str_equal(found.user, "<token>"))
                found.identity_token = steal_str(&secret);
        else
                found.password = steal_str(&secret);
        found.source = str_concat(HELPER_PREFIX, name);
        *ret = found;
        found = (struct credentials){ 0 };
        return 1;
}

int helper_store(const char *name, const char *server, const struct credentials *credentials,
                 struct error *err)
{
        AUTO_JSON struct json_object *document = json_object_new_object();
        AUTO_FREE char *text = NULL;
        AUTO_FREE char *answer = NULL;
        int result;

        json_set_string(document, "ServerURL", server);
        json_set_string(document, "Username",
                        credentials->identity_token ? "<token>" : credentials->user);
        json_set_string(document, "Secret",
                        credentials->identity_token ? credentials->identity_token
                                                    : credentials->password);
        text = json_text(document, false);
        result = helper_ask(name, "store", text, &answer, err);
        if (result == 0)
                return error_set(err, EIO, HELPER_PREFIX "%s did not store them", name);
        return result < 0 ? -1 : 0;
}

int helper_erase(const char *name, const char *server, struct error *err)
{
        AUTO_FREE char *answer = NULL;

        return helper_ask(name, "erase", server, &answer, err);
}
