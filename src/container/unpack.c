/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unpack.h"

#include "../base/io.h"
#include "../base/str.h"
#include "interrupt.h"

#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

enum {
        UNPACK_STEP = 5000,                 /* milliseconds between signs of life */
        UNPACK_PATIENCE = 30 * 1000 * 1000, /* microseconds that systemd waits for the next one */
        UNPACK_SAID_MAX = 64 * 1024,
};

/* The program with its messages in a pipe, whose other end is returned in ret_said. */
static int unpack_spawn(const char *storage, const char *reference, const sigset_t *signals,
                        pid_t *ret_pid, int *ret_said, struct error *err)
{
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_FREE char *path = str_format("%s/crunit-image", directory ? directory : LIBEXECDIR);
        AUTO_STRV struct strv args = { 0 };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int ends[2], result;

        strv_append(&args, "crunit-image");
        strv_append(&args, "image");
        strv_append(&args, "unpack");
        strv_append(&args, "--quiet");
        strv_appendf(&args, "--root=%s", storage);
        strv_append(&args, "--");
        strv_append(&args, reference);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, signals);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
        result = posix_spawn(ret_pid, path, &actions, &attributes, args.items, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        close(ends[1]);
        if (result == 0) {
                *ret_said = ends[0];
                return 0;
        }
        close(ends[0]);
        return error_errno(err, result, "cannot execute %s", path);
}

/* Until it says something or ends; -1 with code EINTR when we were told to stop. */
static int unpack_wait(int said, struct error *err)
{
        AUTO_CLOSE int signals = interrupt_fd(err);

        if (signals < 0)
                return -1;
        for (;;) {
                struct pollfd events[] = {
                        { .fd = said, .events = POLLIN },
                        { .fd = signals, .events = POLLIN },
                };

                sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%d", UNPACK_PATIENCE);
                if (poll(events, 2, UNPACK_STEP) < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crunit-image");
                if (events[1].revents)
                        return error_set(err, EINTR, "stopped while starting");
                if (events[0].revents)
                        return 0;
        }
}

/* The last line, without what stands in front of all our messages. */
static int unpack_fail(const char *reference, char *said, struct error *err)
{
        size_t length = strlen(said);
        const char *line, *message;

        while (length && said[length - 1] == '\n')
                said[--length] = '\0';
        line = strrchr(said, '\n');
        line = line ? line + 1 : said;
        message = str_after(line, "crunit: ");
        return error_set(err, EIO, "cannot unpack image %s again: %s", reference,
                         message ? message : line);
}

int unpack_image(const char *storage, const char *reference, const sigset_t *signals,
                 struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_CLOSE int said = -1;
        int status, result;
        pid_t pid;

        sd_notifyf(0, "STATUS=unpacking image %s", reference);
        if (unpack_spawn(storage, reference, signals, &pid, &said, err) < 0)
                return -1;
        result = unpack_wait(said, err);
        if (result < 0)
                kill(pid, SIGTERM);
        io_read_fd(said, "crunit-image", UNPACK_SAID_MAX, &text, NULL, NULL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crunit-image");
        sd_notify(0, "STATUS=");
        if (result < 0)
                return -1;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        if (!text)
                text = str_dup("");
        return unpack_fail(reference, text, err);
}
