/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outside.h"

#include "../base/io.h"
#include "../base/str.h"
#include "cgroup.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
        OUTSIDE_SAID_MAX = 64 * 1024
};

/* The life of that process: its error's code and message go into the pipe. */
static void outside_live(outside_function *function, void *context, int said)
{
        AUTO_ERROR struct error err = { 0 };

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (cgroup_join(1, &err) < 0 || function(context, &err) < 0)
                dprintf(said, "%d %s", err.code, err.message);
        _exit(err.message ? EXIT_FAILURE : EXIT_SUCCESS);
}

int outside_run(const char *what, outside_function *function, void *context, struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_CLOSE int said = -1;
        int ends[2], status;
        char *message;
        long code;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        said = ends[0];
        pid = fork();
        if (pid == 0)
                outside_live(function, context, ends[1]);
        close(ends[1]);
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        io_read_fd(said, what, OUTSIDE_SAID_MAX, &text, NULL, NULL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for the mount of %s", what);
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
                return 0;
        code = text ? strtol(text, &message, 10) : 0;
        if (!code)
                return error_set(err, EIO, "cannot mount %s: the process for it ended", what);
        return error_set(err, (int)code, "%s", message + strspn(message, " "));
}

int outside_if_needed(const char *what, outside_function *function, void *context,
                      struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };

        if (function(context, &reason) == 0)
                return 0;
        if (reason.code == EPERM)
                return outside_run(what, function, context, err);
        return error_set(err, reason.code, "%s", reason.message);
}
