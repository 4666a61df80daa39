/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/str.h"
#include "src/container/cgroup.h"
#include "src/container/crun.h"
#include "src/container/process.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define INIT "Name:\tsh\nNSpid:\t4711\t1\nSigBlk:\t%s\nSigIgn:\t%s\nSigCgt:\t%s\n"

static void test_stat(void)
{
        uint64_t start = 0;
        char state = 0;

        check(process_parse_stat("12 (a) b) c) S 1 12 12 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "
                                 "98765 100 2\n",
                                 &state, &start) &&
                      start == 98765 && state == 'S',
              "brackets and blanks in a process's name");
        check(!process_parse_stat("12 (a) S 1 2", &state, &start), "a line that is too short");
        check(!process_parse_stat("", &state, &start), "nothing at all");
}

static void test_signals(void)
{
        AUTO_FREE char *deaf = str_format(INIT, "0000", "0000", "0000");
        AUTO_FREE char *handles = str_format(INIT, "0000", "0000", "4000");
        AUTO_FREE char *ignores = str_format(INIT, "0000", "4000", "0000");
        AUTO_FREE char *blocks = str_format(INIT, "4000", "0000", "0000");
        AUTO_FREE char *other = str_format(INIT, "0000", "0000", "2000");

        check(!process_takes_signal(deaf, SIGTERM), "a first process without a handler is deaf");
        check(process_takes_signal(deaf, SIGKILL), "but not to SIGKILL");
        check(process_takes_signal(handles, SIGTERM), "one with a handler is not");
        check(process_takes_signal(ignores, SIGTERM), "one that ignores it wants to live on");
        check(process_takes_signal(blocks, SIGTERM), "one that blocks it waits for it");
        check(!process_takes_signal(other, SIGTERM), "another signal's handler does not count");
        check(process_takes_signal("Name:\tx\nNSpid:\t12\nSigCgt:\t0\n", SIGTERM),
              "outside a pid namespace every signal acts");
        check(process_takes_signal("Name:\tx\nNSpid:\t12\t7\nSigCgt:\t0\n", SIGTERM),
              "and for other processes within");
}

static void test_identity(void)
{
        struct process_id self = { 0 }, wrong;
        pid_t child = fork();
        struct process_id id = { 0 };
        int fd;

        if (child == 0) {
                pause();
                _exit(0);
        }
        check(process_identify(getpid(), &self, NULL) == 0 && process_alive(&self), "we live");
        wrong = self;
        wrong.start--;
        check(!process_alive(&wrong), "another start time is another process");
        check(process_age(&self) >= 0 && process_age(&self) < 600 * 1000, "and are young");
        check(process_identify(child, &id, NULL) == 0, "a child");
        fd = process_open(&id);
        check(process_wait(fd, 0) == 0, "has not ended");
        check(process_signal(fd, SIGKILL) == 0 && process_wait(fd, 5000) == 1, "is killed");
        check(!process_alive(&id), "a zombie is dead");
        waitpid(child, NULL, 0);
        check(process_identify(child, &id, NULL) < 0, "and then nothing");
        close(fd);
}

static void check_unit(const char *path, const char *unit)
{
        AUTO_FREE char *got = cgroup_unit(path);

        check_str(got, unit, path);
}

static void check_path(const char *text, const char *path)
{
        AUTO_FREE char *got = cgroup_parse(text);

        check_str(got, path, "systemd's path");
}

static void test_cgroups(void)
{
        check_path("0::/system.slice/web.service\n", "/system.slice/web.service");
        check_path("5:pids:/x\n1:name=systemd:/system.slice/a.service\n0::/\n",
                   "/system.slice/a.service");
        check_path("5:pids:/x\n1:name=systemd:/y\n0::/system.slice/b.service\n",
                   "/system.slice/b.service");
        check_path("0::/\n", "/");
        check_path("5:pids:/x\n", NULL);
        check_path("", NULL);
        check_unit("/system.slice/web.service", "web.service");
        check_unit("/system.slice/web.service/.control", "web.service");
        check_unit("/system.slice/system-w.slice/w@1.service/init.scope", "w@1.service");
        check_unit("/user.slice/user-0.slice/user@0.service/app.slice/x.service", "x.service");
        check_unit("/system.slice/_pids.service", "pids.service");
        check_unit("/user.slice/user-0.slice/session-1.scope", "session-1.scope");
        check_unit("/", NULL);
}

static void test_exit_statuses(void)
{
        check(crun_error_status("executable file `x` not found in $PATH: No such file or "
                                "directory") == 127,
              "no such program");
        check(crun_error_status("open executable: Permission denied") == 126, "not executable");
        check(crun_error_status("the path `/etc` is not a regular file: x") == 126, "a directory");
        check(crun_error_status("mount `x` to `y`: No such file or directory") == 125, "a mount");
        check(crun_error_status(NULL) == 125, "no words at all");
}

static bool is_inherited(int fd)
{
        int flags = fcntl(fd, F_GETFD);

        return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* What a careless caller left open. */
static void test_inherited(void)
{
        AUTO_FREE char *self = str_format("%d", (int)getpid());
        int fds[] = { 3, 4, 5, 70 };

        for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
                dup2(STDIN_FILENO, fds[i]);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_PID", self, 1);
        check(crun_close_inherited(1, NULL) == 0 && is_inherited(2) && is_inherited(3) &&
                      is_inherited(4) && !is_inherited(5) && !is_inherited(70),
              "a socket and a preserved descriptor go to crun, the rest does not");
        setenv("LISTEN_PID", "1", 1);
        check(crun_close_inherited(1, NULL) == 0 && is_inherited(3) && !is_inherited(4),
              "sockets of another process are not ours");
        check(crun_close_inherited(~0U, NULL) == 0 && is_inherited(3), "all preserved");
        for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
                close(fds[i]);
}

int main(void)
{
        test_stat();
        test_signals();
        test_identity();
        test_cgroups();
        test_exit_statuses();
        test_inherited();
        return tap_done();
}
