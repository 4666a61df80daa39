/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spawn.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child. */
static void spawn_execute(const struct strv *words, const struct strv *environment,
                          enum spawn_output output, int writing)
{
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (null >= 0)
                dup2(null, STDIN_FILENO);
        if (output != SPAWN_INHERIT)
                dup2(writing, STDOUT_FILENO);
        if (output == SPAWN_BOTH)
                dup2(writing, STDERR_FILENO);
        for (size_t i = 0; environment && i < environment->count; i++)
                putenv(environment->items[i]);
        execvp(words->items[0], words->items);
        _exit(SPAWN_NOT_FOUND);
}

static int spawn_wait(pid_t child, const char *name, struct error *err)
{
        int status;

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for %s", name);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int spawn_run(const struct strv *words, const struct strv *environment, enum spawn_output output,
              char **ret_text, struct error *err)
{
        const char *name = words->items[0];
        AUTO_CLOSE int reading = -1;
        AUTO_CLOSE int writing = -1;
        AUTO_FREE char *text = NULL;
        size_t length;
        int fds[2], status, result = 0;
        pid_t child;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        reading = fds[0];
        writing = fds[1];
        child = fork();
        if (child < 0)
                return error_errno(err, errno, "cannot make a process for %s", name);
        if (child == 0)
                spawn_execute(words, environment, output, writing);
        cleanup_close(&writing);
        if (output != SPAWN_INHERIT)
                result = io_read_fd(reading, name, SPAWN_OUTPUT_MAX, &text, &length, err);
        cleanup_close(&reading);
        status = spawn_wait(child, name, result < 0 ? NULL : err);
        if (result < 0 || status < 0)
                return -1;
        if (ret_text)
                *ret_text = steal_str(&text);
        return status;
}
