/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "create.h"

#include "../base/io.h"
#include "../base/str.h"
#include "crun.h"
#include "interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
        CREATE_FILE_MAX = 64 * 1024,
        CREATE_SAID_MAX = 32,    /* crun writes digits alone */
        CREATE_KILL_WAIT = 3000, /* milliseconds */
};

int create_adopt(struct error *err)
{
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                return error_errno(err, errno, "cannot become the parent of the container");
        return 0;
}

static void create_kill_listed(pid_t parent)
{
        AUTO_FREE char *file = str_format("/proc/%d/task/%d/children", (int)parent, (int)parent);
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv pids = { 0 };

        if (io_read_file(AT_FDCWD, file, CREATE_FILE_MAX, &text, NULL, NULL) < 0)
                return;
        strv_split(&pids, text, " \n", false);
        for (size_t i = 0; i < pids.count; i++)
                kill((pid_t)atoi(pids.items[i]), SIGKILL);
}

void create_kill_children(void)
{
        for (int waited = 0; waited < CREATE_KILL_WAIT; waited++) {
                pid_t pid;

                create_kill_listed(getpid());
                do
                        pid = waitpid(-1, NULL, WNOHANG);
                while (pid > 0);
                if (pid < 0 && errno == ECHILD)
                        return;
                poll(NULL, 0, 1);
        }
}

/* And what it has made so far, which may not come to us when crun is gone: it is held still while
 * its children are looked up. */
void create_cancel(pid_t pid)
{
        kill(pid, SIGSTOP);
        create_kill_listed(pid);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

/* Until it has ended, or said something; -1 with code EINTR when we were told to stop. */
static int create_watch(pid_t pid, int said, struct error *err)
{
        AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        AUTO_CLOSE int signals = interrupt_fd(err);

        if (signals < 0)
                return -1;
        if (pidfd < 0)
                return error_errno(err, errno, "cannot watch crun");
        for (;;) {
                struct pollfd events[] = {
                        { .fd = pidfd, .events = POLLIN },
                        { .fd = signals, .events = POLLIN },
                        { .fd = said, .events = POLLIN },
                };

                if (poll(events, 3, -1) < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crun");
                if (events[1].revents) {
                        create_cancel(pid);
                        return error_set(err, EINTR, "stopped while starting");
                }
                if (events[0].revents || events[2].revents)
                        return 0;
        }
}

static int create_fail(const struct crun *crun, int status, struct error *err)
{
        AUTO_FREE char *message = crun_last_error(crun);

        if (message)
                return error_set(err, CREATE_REFUSED, "crun: %s", message);
        if (WIFSIGNALED(status))
                return error_set(err, 0, "crun create was killed by signal %d", WTERMSIG(status));
        return error_set(err, 0, "crun create failed with status %d", WEXITSTATUS(status));
}

static int create_parse_pid(const char *text, const char *name, pid_t *ret, struct error *err)
{
        AUTO_FREE char *line = str_dupn(text, strcspn(text, "\n"));
        unsigned long long pid;

        if (!str_to_u64(line, INT32_MAX, &pid) || pid == 0)
                return error_set(err, EBADMSG, "%s has no process id", name);
        *ret = (pid_t)pid;
        return 0;
}

/* What crun has said in one write; false where it has said nothing. */
static bool create_hear(int said, char *ret, size_t size)
{
        ssize_t n = said < 0 ? -1 : read(said, ret, size - 1);

        ret[n > 0 ? n : 0] = '\0';
        return n > 0;
}

static int create_read_pid(const char *bundle, pid_t *ret, struct error *err)
{
        AUTO_FREE char *file = str_format("%s/pid", bundle);
        AUTO_FREE char *text = NULL;

        if (io_read_file(AT_FDCWD, file, CREATE_FILE_MAX, &text, NULL, err) < 0)
                return -1;
        return create_parse_pid(text, file, ret, err);
}

int create_begin(const struct crun *crun, const char *bundle, const struct crun_stdio *stdio,
                 const struct create_options *options, pid_t *ret_crun, struct error *err)
{
        AUTO_STRV struct strv args = { 0 };

        crun_command(crun, "create", &args);
        strv_appendf(&args, "--bundle=%s", bundle);
        if (options->say)
                strv_appendf(&args, "--pid-file=/proc/self/fd/%d", options->say);
        else
                strv_appendf(&args, "--pid-file=%s/pid", bundle);
        if (options->config)
                strv_appendf(&args, "--config=%s", options->config);
        if (options->console_socket)
                strv_appendf(&args, "--console-socket=%s", options->console_socket);
        if (options->preserve_fds)
                strv_appendf(&args, "--preserve-fds=%d", options->preserve_fds);
        strv_append(&args, crun->id);
        return crun_spawn(crun, &args, stdio, ret_crun, err);
}

int create_await(const struct crun *crun, const char *bundle, int said, pid_t *pid,
                 struct process_id *ret_init, struct error *err)
{
        char text[CREATE_SAID_MAX];
        pid_t init;

        if (create_watch(*pid, said, err) < 0)
                return -1;
        if (!create_hear(said, text, sizeof text) && create_finish(crun, pid, err) < 0)
                return -1;
        if (said >= 0 ? create_parse_pid(text, "what crun says", &init, err) < 0
                      : create_read_pid(bundle, &init, err) < 0)
                return -1;
        return process_identify(init, ret_init, err);
}

int create_finish(const struct crun *crun, pid_t *pid, struct error *err)
{
        pid_t ended = *pid;
        int status;

        if (!ended)
                return 0;
        if (create_watch(ended, -1, err) < 0)
                return -1;
        *pid = 0;
        if (waitpid(ended, &status, 0) < 0)
                return error_errno(err, errno, "cannot wait for crun");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return create_fail(crun, status, err);
        return 0;
}
