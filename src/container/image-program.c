/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-program.h"

#include "../base/notify.h"
#include "interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

enum {
        PROGRAM_STEP = 5000,                 /* milliseconds between signs of life */
        PROGRAM_PATIENCE = 30 * 1000 * 1000, /* microseconds that systemd waits for the next one */
        PROGRAM_SAID_MAX = 64 * 1024,        /* what is more is dropped */
        PROGRAM_SIGNALLED = 128,
};

static int program_spawn_with(const struct image_program *program, int said, const char *path,
                              pid_t *ret_pid)
{
        AUTO_STRV struct strv args = { 0 };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int result;

        strv_append(&args, "crunit-image");
        strv_append_all(&args, program->args);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, program->signals);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, said, STDOUT_FILENO);
        if (program->silent)
                posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
        result = posix_spawn(ret_pid, path, &actions, &attributes, args.items, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return result;
}

/* ret_said: the reading end of its output. */
static int program_spawn(const struct image_program *program, pid_t *ret_pid, int *ret_said,
                         struct error *err)
{
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_FREE char *path = str_format("%s/crunit-image", directory ? directory : LIBEXECDIR);
        int ends[2], result;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        result = program_spawn_with(program, ends[1], path, ret_pid);
        close(ends[1]);
        if (result != 0) {
                close(ends[0]);
                return error_errno(err, result, "cannot execute %s", path);
        }
        *ret_said = ends[0];
        return 0;
}

/* Returns 0 at the end of it. */
static ssize_t program_read(int fd, struct strbuf *said)
{
        char buffer[4096];
        ssize_t length = read(fd, buffer, sizeof buffer);

        if (length > 0 && said->length < PROGRAM_SAID_MAX)
                strbuf_append_n(said, buffer, (size_t)length);
        return length < 0 && errno == EINTR ? 1 : length;
}

/* Until it ends; -1 with code EINTR when we were told to stop. */
static int program_listen(const struct image_program *program, int fd, struct strbuf *said,
                          struct error *err)
{
        AUTO_CLOSE int signals = interrupt_fd(err);

        if (signals < 0)
                return -1;
        for (;;) {
                struct pollfd events[] = {
                        { .fd = fd, .events = POLLIN },
                        { .fd = signals, .events = POLLIN },
                };

                if (program->patient)
                        notify_sendf("EXTEND_TIMEOUT_USEC=%d", PROGRAM_PATIENCE);
                if (poll(events, 2, program->patient ? PROGRAM_STEP : -1) < 0) {
                        if (errno != EINTR)
                                return error_errno(err, errno, "cannot wait for crunit-image");
                        continue;
                }
                if (events[1].revents)
                        return error_set(err, EINTR, "stopped while starting");
                if (events[0].revents && program_read(fd, said) <= 0)
                        return 0;
        }
}

int image_program_run(const struct image_program *program, char **ret_said, struct error *err)
{
        AUTO_STRBUF struct strbuf said = { 0 };
        AUTO_CLOSE int fd = -1;
        int status, result;
        pid_t pid;

        if (program_spawn(program, &pid, &fd, err) < 0)
                return -1;
        result = program_listen(program, fd, &said, err);
        if (result < 0) {
                /* With nobody to read what it says it must not be kept from ending. */
                cleanup_close(&fd);
                fd = -1;
                kill(pid, SIGTERM);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crunit-image");
        if (result < 0)
                return -1;
        *ret_said = strbuf_steal(&said);
        return WIFEXITED(status) ? WEXITSTATUS(status) : PROGRAM_SIGNALLED + WTERMSIG(status);
}

const char *image_program_last_line(char *said)
{
        size_t length = strlen(said);
        const char *line, *message;

        while (length && said[length - 1] == '\n')
                said[--length] = '\0';
        line = strrchr(said, '\n');
        line = line ? line + 1 : said;
        message = str_after(line, "crunit: ");
        return message ? message : line;
}
