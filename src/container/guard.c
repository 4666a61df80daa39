/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard.h"

#include "../base/cleanup.h"
#include "cgroup.h"

#include <fcntl.h>

/* The whole life of the guard. */
static void guard_watch(int fd)
{
        char byte;
        ssize_t n;

        do
                n = read(fd, &byte, 1);
        while (n < 0 && errno == EINTR);
        if (n == 0)
                cgroup_kill_own();
}

int guard_start(struct guard *ret, struct error *err)
{
        int ends[2];
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        pid = fork();
        if (pid == 0) {
                close(ends[1]);
                guard_watch(ends[0]);
                _exit(EXIT_SUCCESS);
        }
        close(ends[0]);
        ret->alive = ends[1];
        if (pid < 0) {
                cleanup_close(&ret->alive);
                ret->alive = -1;
                return error_errno(err, errno, "cannot fork");
        }
        return 0;
}

void guard_release(struct guard *guard)
{
        ssize_t n = 0;

        if (guard->alive >= 0)
                n = write(guard->alive, "", 1);
        (void)n; /* a guard that is gone guards nothing */
        cleanup_close(&guard->alive);
        guard->alive = -1;
}
