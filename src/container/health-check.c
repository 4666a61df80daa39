/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-check.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../base/stamp.h"
#include "cgroup.h"
#include "crun.h"
#include "health-group.h"
#include "pause.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum {
        CHECK_FAILURE = 125,
        CHECK_SIGNALLED = 128,
        CHECK_FILE_MAX = 64 * 1024,
        CHECK_CONFIG_MAX = 16 * 1024 * 1024,
        CHECK_KILL_WAIT = 5000, /* milliseconds for what was killed */
};

/* --- the control group */

/* Nobody stays in it, and it goes. */
static void check_leave_group(struct health_asker *asker)
{
        AUTO_STRV struct strv pids = { 0 };

        if (asker->group < 0)
                return;
        if (!health_group_is_empty(asker->group, &pids))
                health_group_kill(asker->group);
        cleanup_close(&asker->group);
        asker->group = -1;
        health_group_remove(asker->state.cgroup);
}

/* One that an asker before us has left still has its processes: they end, and it is made anew. */
static int check_take_group(struct health_asker *asker, struct error *err)
{
        asker->group = health_group_make(asker->state.cgroup, &asker->by_hand, err);
        if (asker->group >= 0 && asker->by_hand) {
                check_leave_group(asker);
                asker->group = health_group_make(asker->state.cgroup, &asker->by_hand, err);
        }
        return asker->group >= 0 ? 0 : -1;
}

/* Is there more to enter than one tree? */
static int check_is_scattered(pid_t init, bool *ret, struct error *err)
{
        AUTO_FREE char *file = str_format("/proc/%d/cgroup", (int)init);
        AUTO_FREE char *own = NULL, *theirs = NULL;
        AUTO_STRV struct strv lines = { 0 }, present = { 0 };

        if (io_read_file(AT_FDCWD, file, CHECK_FILE_MAX, &theirs, NULL, err) < 0 ||
            io_read_file(AT_FDCWD, "/proc/self/cgroup", CHECK_FILE_MAX, &own, NULL, err) < 0)
                return -1;
        strv_split(&lines, theirs, "\n", false);
        strv_split(&present, own, "\n", false);
        *ret = false;
        for (size_t i = 0; i < lines.count; i++)
                if (!str_has_prefix(lines.items[i], "0::") &&
                    !strv_contains(&present, lines.items[i]))
                        *ret = true;
        return 0;
}

/* A child in the group, at once where the kernel can do that, else by its own hand
 * (check_enter_group()): entered tells the child. */
static pid_t check_fork(const struct health_asker *asker, bool *entered)
{
        struct clone_args args = {
                .flags = CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
                .cgroup = (uint64_t)asker->group,
        };
        pid_t pid = -1;

        *entered = !asker->scatter && !asker->by_hand;
        if (*entered)
                pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
        /* EAGAIN: the container has no more processes to give. */
        if (pid >= 0 || (*entered && errno == EAGAIN))
                return pid;
        *entered = false;
        return fork();
}

static int check_enter_group(const struct health_asker *asker, struct error *err)
{
        AUTO_CLOSE int fd = -1;

        if (asker->scatter && cgroup_join(asker->state.init.pid, err) < 0)
                return -1;
        fd = openat(asker->group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || io_write_all(fd, "0", 1) < 0)
                return error_errno(err, errno, "cannot enter the control group of checks");
        return 0;
}

/* --- who asks */

void health_asker_close(struct health_asker *asker)
{
        free(asker->run);
        free(asker->runtime);
        state_free(&asker->state);
        entrance_close(&asker->entrance);
        cleanup_close(&asker->init);
        cleanup_close(&asker->group);
        *asker = (struct health_asker){ .init = -1, .group = -1, .entrance = { .init = -1 } };
}

/* Others may be checking at this moment. */
static int asker_clear_group(struct health_asker *asker, struct error *err)
{
        AUTO_CLOSE int lock = -1;

        if (!health_group_exists(asker->state.cgroup))
                return 0;
        lock = health_lock(asker->run, asker->signals, err);
        if (lock < 0 || check_take_group(asker, err) < 0)
                return -1;
        check_leave_group(asker);
        return 0;
}

/* What this process may not do, or does not understand, the runtime does. */
static int asker_choose_way(struct health_asker *asker, struct error *err)
{
        AUTO_ERROR struct error why = { 0 };

        if (entrance_prepare() &&
            entrance_open(&asker->state, asker->run, &asker->entrance, &why) == 0) {
                asker->direct = true;
                return entrance_adopt_processes(&asker->entrance, err);
        }
        if (why.message && why.code != EOPNOTSUPP)
                return error_set(err, why.code, "%s", why.message);
        return 0;
}

int health_asker_open(const char *run, const char *runtime_or_null, int signals,
                      struct health_asker *ret, struct error *err)
{
        AUTO_HEALTH_ASKER struct health_asker asker = { .run = str_dup(run),
                                                        .runtime = str_dup(runtime_or_null),
                                                        .init = -1,
                                                        .group = -1,
                                                        .signals = signals,
                                                        .entrance = { .init = -1 } };

        if (state_read(run, &asker.state, err) < 0)
                return -1;
        asker.init = process_open(&asker.state.init);
        if (asker.init < 0 || !asker.state.cgroup)
                return error_set(err, ESRCH, "container '%s' is not running", asker.state.name);
        if (asker_clear_group(&asker, err) < 0 ||
            check_is_scattered(asker.state.init.pid, &asker.scatter, err) < 0 ||
            asker_choose_way(&asker, err) < 0)
                return -1;
        *ret = asker;
        asker = (struct health_asker){ .init = -1, .group = -1, .entrance = { .init = -1 } };
        return 0;
}

/* --- the child */

/* Signals are as in any program that begins. */
static void check_reset_signals(void)
{
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGPIPE, SIG_DFL);
}

/* The container's own process, with another command, for the runtime to start. */
static int check_memory_process(const struct health_asker *asker, const struct strv *command,
                                struct error *err)
{
        AUTO_FREE char *path = str_concat(asker->run, "/config.json");
        AUTO_JSON struct json_object *config = NULL;
        AUTO_CLOSE int fd = memfd_create("process", 0);
        AUTO_FREE char *text = NULL;
        struct json_object *process = NULL;

        if (json_read_file(AT_FDCWD, path, CHECK_CONFIG_MAX, &config, err) < 0 ||
            json_get_object(config, "process", &process, err) < 0)
                return -1;
        if (!process)
                return error_set(err, EBADMSG, "%s has no process", path);
        json_set_strv(process, "args", command);
        json_object_object_add(process, "terminal", json_object_new_boolean(false));
        text = json_text(process, false);
        if (fd < 0 || io_write_all(fd, text, strlen(text)) < 0)
                return error_errno(err, errno, "cannot make a memory file");
        return steal_fd(&fd);
}

static int check_execute_runtime(const struct health_asker *asker, const struct strv *command,
                                 struct error *err)
{
        AUTO_CRUN struct crun crun = { .clone = -1 };
        AUTO_STRV struct strv args = { 0 };
        AUTO_CLOSE int process = -1;

        if (crun_close_inherited(0, err) < 0 ||
            crun_open(asker->runtime, asker->run, asker->state.id, &crun, err) < 0)
                return -1;
        process = check_memory_process(asker, command, err);
        if (process < 0)
                return -1;
        str_replace(&crun.log, "/dev/null");
        crun_command(&crun, "exec", &args);
        strv_appendf(&args, "--process=/proc/self/fd/%d", process);
        strv_append(&args, crun.id);
        return crun_exec(&crun, &args, err);
}

static void check_child(const struct health_asker *asker, const struct strv *command, int output,
                        bool entered)
{
        AUTO_ERROR struct error err = { 0 };
        AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        int result = 0;

        check_reset_signals();
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(output, STDERR_FILENO) < 0)
                result = error_errno(&err, errno, "cannot set the output up");
        if (result == 0 && !entered)
                result = check_enter_group(asker, &err);
        if (result == 0 && asker->direct)
                entrance_execute(&asker->entrance, command->items, &err);
        else if (result == 0)
                check_execute_runtime(asker, command, &err);
        dprintf(STDERR_FILENO, "crunit: %s\n", err.message ? err.message : "nothing to do");
        _exit(err.code >= CHECK_FAILURE && err.code < CHECK_SIGNALLED ? err.code : CHECK_FAILURE);
}

/* --- waiting for it */

struct check {
        struct health_asker *asker;
        pid_t pid;
        int child;  /* owned; its pidfd */
        int output; /* owned; the read end */
        struct strbuf text;
        size_t most; /* bytes of it that are kept */
        int64_t deadline;
        bool late, stopped;
};

static int64_t check_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is there; false at its end. */
static bool check_read(struct check *check)
{
        char buffer[4096];
        ssize_t n = read(check->output, buffer, sizeof buffer);
        size_t room = check->most - check->text.length;

        if (n > 0)
                strbuf_append_n(&check->text, buffer, (size_t)n < room ? (size_t)n : room);
        return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void check_close_output(struct check *check)
{
        cleanup_close(&check->output);
        check->output = -1;
}

/* One look at everything; false when it is over. */
static bool check_step(struct check *check)
{
        int64_t left = check->deadline - check_now();
        struct pollfd events[] = {
                { .fd = check->child, .events = POLLIN },
                { .fd = check->output, .events = POLLIN },
                { .fd = check->asker->signals, .events = POLLIN },
        };

        if (left <= 0) {
                check->late = true;
                return false;
        }
        if (poll(events, 3, (int)(left < INT32_MAX ? left : INT32_MAX)) < 0 && errno != EINTR)
                return false;
        if (events[1].revents && !check_read(check))
                check_close_output(check);
        check->stopped = events[2].revents != 0;
        return !events[0].revents && !check->stopped;
}

/* The child's wait status; -1 where it survives its end. */
static int check_reap(struct check *check)
{
        int status = -1;

        /* Whatever it has started goes with it. */
        check_leave_group(check->asker);
        if (check->late || check->stopped)
                process_signal(check->child, SIGKILL);
        if (process_wait(check->child, CHECK_KILL_WAIT) > 0)
                while (waitpid(check->pid, &status, 0) < 0)
                        if (errno != EINTR)
                                return -1;
        return status;
}

static void check_drain(struct check *check)
{
        if (check->output < 0)
                return;
        for (size_t i = 0; i < check->most / 4096 + 1; i++) {
                struct pollfd event = { .fd = check->output, .events = POLLIN };

                if (poll(&event, 1, 0) <= 0 || !check_read(check))
                        return;
        }
}

/* A process that nothing can end is left to whoever adopts it. */
static int check_exit_code(int status)
{
        if (status < 0)
                return HEALTH_NOT_ENDED;
        return WIFSIGNALED(status) ? CHECK_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static void check_conclude(struct check *check, uint64_t timeout, int status, size_t max_output,
                           struct health_result *ret)
{
        AUTO_STRBUF struct strbuf text = { 0 };

        if (check->late)
                strbuf_appendf(&text, "not done after %llu.%03llu seconds, and killed\n",
                               (unsigned long long)timeout / 1000,
                               (unsigned long long)timeout % 1000);
        strbuf_append_n(&text, check->text.data ? check->text.data : "", check->text.length);
        ret->exit_code = check->late ? HEALTH_NOT_ENDED : check_exit_code(status);
        ret->output = health_clean(text.data, text.length, max_output);
}

static void check_free(struct check *check)
{
        check_leave_group(check->asker);
        cleanup_close(&check->child);
        cleanup_close(&check->output);
        strbuf_free(&check->text);
}

static int check_begin(struct check *check, const struct strv *command, struct error *err)
{
        bool entered;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        check->output = ends[0];
        check->pid = check_fork(check->asker, &entered);
        if (check->pid == 0)
                check_child(check->asker, command, ends[1], entered);
        close(ends[1]);
        if (check->pid < 0)
                return error_errno(err, errno, "cannot fork");
        fcntl(check->output, F_SETFL, O_NONBLOCK);
        check->child = (int)syscall(SYS_pidfd_open, check->pid, 0);
        return check->child >= 0 ? 0 : error_errno(err, errno, "cannot watch the check");
}

/* A check that did not come to be is one that failed, unless the container is gone. */
static int check_refused(const struct health_asker *asker, struct health_result *ret,
                         struct error *err)
{
        if (process_wait(asker->init, 0) != 0)
                return error_set(err, ESRCH, "container '%s' has ended", asker->state.name);
        ret->exit_code = CHECK_FAILURE;
        ret->output = str_dup(err->message ? err->message : "");
        error_clear(err);
        return 0;
}

static int check_run(struct health_asker *asker, const struct strv *test, uint64_t timeout,
                     size_t max_output, struct health_result *ret, struct error *err)
{
        CLEANUP(check_free)
        struct check check = { .asker = asker, .child = -1, .output = -1 };
        AUTO_STRV struct strv command = { 0 };
        int status;

        health_settings_command(test, &command);
        check.most =
                max_output && max_output < HEALTH_LOG_MAX_SIZE ? max_output : HEALTH_LOG_MAX_SIZE;
        check.deadline = check_now() + (int64_t)timeout;
        if (check_take_group(asker, err) < 0 || check_begin(&check, &command, err) < 0)
                return check_refused(asker, ret, err);
        while (check_step(&check))
                continue;
        status = check_reap(&check);
        check_drain(&check);
        if (check.stopped)
                return error_set(err, EINTR, "told to stop");
        if (status != 0 && process_wait(asker->init, 0) != 0)
                return error_set(err, ESRCH, "container '%s' has ended", asker->state.name);
        check_conclude(&check, timeout, status, max_output, ret);
        return 0;
}

/* Nothing answers in a paused container, and it is not ill for that. */
int health_ask(struct health_asker *asker, const struct strv *test, uint64_t timeout,
               size_t max_output, struct health_result *ret, struct error *err)
{
        AUTO_HEALTH_RESULT struct health_result result = { .start = stamp_now() };

        if (pause_refuse(&asker->state, err) < 0 ||
            check_run(asker, test, timeout, max_output, &result, err) < 0 ||
            (result.exit_code && pause_refuse(&asker->state, err) < 0))
                return -1;
        result.end = stamp_now();
        *ret = result;
        result = (struct health_result){ 0 };
        return 0;
}

static int among_run(const struct health_asker *asker, void (*function)(const void *context),
                     const void *context, struct error *err)
{
        bool entered;
        pid_t pid = check_fork(asker, &entered);

        if (pid == 0) {
                if (entered || check_enter_group(asker, NULL) == 0)
                        function(context);
                _exit(EXIT_SUCCESS);
        }
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        while (waitpid(pid, NULL, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for our own process");
        return 0;
}

int health_among(struct health_asker *asker, void (*function)(const void *context),
                 const void *context, struct error *err)
{
        int result = check_take_group(asker, err);

        if (result == 0)
                result = among_run(asker, function, context, err);
        check_leave_group(asker);
        return result;
}
