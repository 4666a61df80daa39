/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec.h"

#include "../base/io.h"
#include "../base/json.h"
#include "caps.h"
#include "cgroup.h"
#include "crun.h"
#include "environment.h"
#include "handover.h"
#include "pause.h"
#include "user.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
        EXEC_FAILURE = 125,
        EXEC_CONFIG_MAX = 16 * 1024 * 1024,
        EXEC_LOG_MAX = 64 * 1024,
        EXEC_CAPS = 64,
};

void exec_options_free(struct exec_options *options)
{
        strv_free(&options->env_files);
        strv_free(&options->env);
        free(options->workdir);
        free(options->user);
        free(options->detach_keys);
}

/* Replace or append K=V in the process's environment. */
static void exec_set_env(struct json_object *env, const char *item)
{
        size_t key = strcspn(item, "=") + 1;
        size_t count = json_object_array_length(env);

        for (size_t i = 0; i < count; i++) {
                const char *present = json_object_get_string(json_object_array_get_idx(env, i));

                if (present && strncmp(present, item, key) == 0) {
                        json_object_array_put_idx(env, i, json_object_new_string(item));
                        return;
                }
        }
        json_object_array_add(env, json_object_new_string(item));
}

static int exec_apply_env(struct json_object *process, const struct exec_options *options,
                          struct error *err)
{
        AUTO_STRV struct strv given = { 0 };
        struct json_object *env = NULL;

        for (size_t i = 0; i < options->env_files.count; i++)
                if (environment_read_file(&given, options->env_files.items[i], environ, err) < 0)
                        return -1;
        for (size_t i = 0; i < options->env.count; i++)
                environment_apply(&given, options->env.items[i], environ);
        if (json_get_array(process, "env", &env, NULL) < 0 || !env)
                env = json_add_array(process, "env");
        for (size_t i = 0; i < given.count; i++)
                exec_set_env(env, given.items[i]);
        return 0;
}

/* The sets of the capabilities object; inheritable ones are never given. */
static void exec_set_caps(struct json_object *process, uint64_t bounding, uint64_t effective)
{
        static const char *const sets[] = { "bounding", "effective", "permitted" };
        struct json_object *caps = json_add_object(process, "capabilities");

        for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
                struct json_object *list = json_add_array(caps, sets[i]);
                uint64_t mask = i == 0 ? bounding : effective;

                for (unsigned bit = 0; bit < EXEC_CAPS; bit++)
                        if (mask >> bit & 1 && caps_name(bit))
                                json_object_array_add(list, json_object_new_string(caps_name(bit)));
        }
}

static uint64_t exec_bounding(struct json_object *process)
{
        AUTO_STRV struct strv names = { 0 };
        struct json_object *caps = NULL;

        if (json_get_object(process, "capabilities", &caps, NULL) == 0 && caps)
                json_get_strv(caps, "bounding", &names, NULL);
        return names.count ? caps_mask(&names) : 0;
}

/* Our own bounding set: more than that cannot be given. */
static uint64_t exec_all_caps(void)
{
        AUTO_FREE char *status = NULL;
        const char *line;

        if (io_read_file(AT_FDCWD, "/proc/self/status", EXEC_LOG_MAX, &status, NULL, NULL) < 0)
                return 0;
        line = strstr(status, "\nCapBnd:");
        return line ? strtoull(line + strlen("\nCapBnd:"), NULL, 16) : 0;
}

static int exec_apply_user(struct json_object *process, pid_t init, const char *text,
                           struct error *err)
{
        AUTO_FREE char *root_path = str_format("/proc/%d/root", (int)init);
        AUTO_CLOSE int root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_USER struct user user = { 0 };
        AUTO_FREE char *home = NULL;
        static const struct strv no_extra_groups;
        struct json_object *object, *groups, *env = NULL;

        if (root < 0)
                return error_errno(err, errno, "cannot open the container's root");
        if (user_find(root, text, &no_extra_groups, &user, err) < 0)
                return -1;
        object = json_add_object(process, "user");
        json_object_object_add(object, "uid", json_object_new_int64(user.uid));
        json_object_object_add(object, "gid", json_object_new_int64(user.gid));
        groups = json_add_array(object, "additionalGids");
        for (size_t i = 0; i < user.group_count; i++)
                json_object_array_add(groups, json_object_new_int64(user.groups[i]));
        home = str_format("HOME=%s", user.home ? user.home : "/");
        if (json_get_array(process, "env", &env, NULL) == 0 && env)
                exec_set_env(env, home);
        return 0;
}

/* Who the program is decides what it may: root has what the container has at most, others none. */
static int exec_apply_rights(struct json_object *process, const struct container_state *state,
                             const struct exec_options *options, struct error *err)
{
        uint64_t bounding = options->privileged ? exec_all_caps() : exec_bounding(process);
        struct json_object *user = NULL;
        int64_t uid = 0;

        if (options->user && exec_apply_user(process, state->init.pid, options->user, err) < 0)
                return -1;
        if (!options->user && !options->privileged)
                return 0;
        if (json_get_object(process, "user", &user, err) < 0 ||
            (user && json_get_int(user, "uid", &uid, err) < 0))
                return -1;
        exec_set_caps(process, bounding, uid == 0 || options->privileged ? bounding : 0);
        if (options->privileged) {
                json_object_object_del(process, "apparmorProfile");
                json_object_object_del(process, "noNewPrivileges");
        }
        return 0;
}

/* A number that is not open would become one of ours, and then the program's. */
static int exec_check_fds(unsigned count, struct error *err)
{
        for (unsigned i = 0; i < count; i++)
                if (fcntl(STDERR_FILENO + 1 + (int)i, F_GETFD) < 0)
                        return error_set(err, EBADF, "--preserve-fds %u: descriptor %u is not open",
                                         count, STDERR_FILENO + 1 + i);
        return 0;
}

/* The container's own process object, with another command. */
static int exec_plan_process(const struct container_state *state, const char *run,
                             const struct exec_options *options, char *const *args,
                             struct json_object **ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/config.json", run);
        AUTO_JSON struct json_object *config = NULL;
        struct json_object *process = NULL, *list;

        if (json_read_file(AT_FDCWD, path, EXEC_CONFIG_MAX, &config, err) < 0 ||
            json_get_object(config, "process", &process, err) < 0)
                return -1;
        if (!process)
                return error_set(err, EBADMSG, "%s has no process", path);
        list = json_add_array(process, "args");
        for (; *args; args++)
                json_object_array_add(list, json_object_new_string(*args));
        if (options->tty) {
                struct json_object *env = NULL;

                if (json_get_array(process, "env", &env, NULL) == 0 && env)
                        exec_set_env(env, "TERM=xterm");
        }
        json_object_object_add(process, "terminal", json_object_new_boolean(options->tty));
        if (exec_apply_rights(process, state, options, err) < 0 ||
            exec_apply_env(process, options, err) < 0)
                return -1;
        json_set_string(process, "cwd", options->workdir);
        *ret = json_object_get(process);
        return 0;
}

/* A file without a name; the child inherits it. */
static int exec_memory_file(const char *name, const char *text, struct error *err)
{
        AUTO_CLOSE int fd = memfd_create(name, 0);

        if (fd < 0 || io_write_all(fd, text, strlen(text)) < 0)
                return error_errno(err, errno, "cannot make a memory file");
        return steal_fd(&fd);
}

/* A child in that control group: 0 in the child. Older kernels move it there themselves, see
 * cgroup_join(). */
static pid_t exec_fork_into(const char *cgroup)
{
        AUTO_CLOSE int group = cgroup ? cgroup_open(cgroup, NULL) : -1;
        struct clone_args args = {
                .flags = CLONE_INTO_CGROUP,
                .exit_signal = SIGCHLD,
                .cgroup = (uint64_t)group,
        };
        pid_t pid = -1;

        if (group >= 0)
                pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
        return pid >= 0 ? pid : fork();
}

static void exec_stdio(const struct exec_options *options)
{
        AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0)
                return;
        if (!options->interactive || options->detach)
                dup2(null, STDIN_FILENO);
        if (options->detach) {
                dup2(null, STDOUT_FILENO);
                dup2(null, STDERR_FILENO);
        }
}

/* Pass on what we are told until the child has ended; its wait status. */
static int exec_wait(pid_t pid, int signals, struct error *err)
{
        AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd events[] = {
                { .fd = pidfd, .events = POLLIN },
                { .fd = signals, .events = POLLIN },
        };
        struct signalfd_siginfo info;
        int status;

        while (pidfd >= 0 && !events[0].revents) {
                if (poll(events, 2, -1) < 0 && errno != EINTR)
                        break;
                while (read(signals, &info, sizeof info) == sizeof info)
                        kill(pid, (int)info.ssi_signo);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crun");
        return status;
}

static int exec_signals(sigset_t *ret_old, struct error *err)
{
        static const int passed_on[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT };
        sigset_t set;
        int fd;

        sigemptyset(&set);
        for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
                sigaddset(&set, passed_on[i]);
        sigprocmask(SIG_BLOCK, &set, ret_old);
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd >= 0 ? fd : error_errno(err, errno, "cannot make a signalfd");
}

static int exec_child(const struct crun *crun, const struct container_state *state,
                      const struct exec_options *options, const struct strv *args)
{
        AUTO_ERROR struct error err = { 0 };

        exec_stdio(options);
        if (cgroup_join(state->init.pid, &err) == 0)
                crun_exec(crun, args, &err);
        dprintf(STDERR_FILENO, "%s\n", err.message);
        return EXEC_FAILURE;
}

/* What crun ends with when it fails itself. */
static bool exec_may_be_cruns(int status)
{
        return status == EXIT_FAILURE || status == 126 || status == 127 || status == 255;
}

/* The exit status: the program's own, unless crun has something to say. With a terminal it may say
 * something about the terminal's end, which is no failure. */
static int exec_status(int wait_status, int log, bool tty)
{
        AUTO_FREE char *message = NULL;
        int status =
                WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
        int known;

        if (!exec_may_be_cruns(status) || lseek(log, 0, SEEK_SET) != 0 ||
            io_read_fd(log, "log", EXEC_LOG_MAX, &message, NULL, NULL) < 0 || !*message)
                return status;
        known = crun_error_status(message);
        return known == EXEC_FAILURE && tty ? status : known;
}

static void exec_command(const struct crun *crun, const struct exec_options *options, int process,
                         struct strv *args)
{
        crun_command(crun, "exec", args);
        strv_appendf(args, "--process=/proc/self/fd/%d", process);
        if (options->detach)
                strv_append(args, "--detach");
        if (options->preserve_fds)
                strv_appendf(args, "--preserve-fds=%u", options->preserve_fds);
        strv_append(args, crun->id);
}

static int exec_run(struct crun *crun, const struct container_state *state,
                    const struct exec_options *options, const char *process_text, int *ret_status,
                    struct error *err)
{
        AUTO_CLOSE int process = exec_memory_file("process", process_text, err);
        AUTO_CLOSE int log = exec_memory_file("log", "", err);
        AUTO_CLOSE int signals = -1;
        AUTO_STRV struct strv args = { 0 };
        pid_t pid;
        int status;

        if (process < 0 || log < 0)
                return -1;
        signals = exec_signals(&crun->signals, err);
        if (signals < 0)
                return -1;
        free(crun->log);
        crun->log = str_format("/proc/self/fd/%d", log);
        exec_command(crun, options, process, &args);
        pid = exec_fork_into(state->cgroup);
        if (pid == 0)
                _exit(exec_child(crun, state, options, &args));
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        status = exec_wait(pid, signals, err);
        if (status < 0)
                return -1;
        *ret_status = exec_status(status, log, options->tty);
        return 0;
}

int exec_in_container(const struct container_state *state, const char *run, const char *runtime,
                      const struct exec_options *options, char *const *args, int *ret_status,
                      struct error *err)
{
        AUTO_CRUN struct crun crun = { .clone = -1 };
        AUTO_JSON struct json_object *process = NULL;
        AUTO_FREE char *text = NULL;

        *ret_status = EXEC_FAILURE;
        if (!state->init.pid || !process_alive(&state->init))
                return error_set(err, ESRCH, "container '%s' is not running", state->name);
        if (pause_refuse(state, err) < 0 || exec_check_fds(options->preserve_fds, err) < 0 ||
            crun_close_inherited(options->preserve_fds, err) < 0 ||
            crun_open(runtime, run, state->id, &crun, err) < 0 ||
            exec_plan_process(state, run, options, args, &process, err) < 0)
                return -1;
        text = json_text(process, false);
        handover_wait_started(crun.root, crun.id);
        return exec_run(&crun, state, options, text, ret_status, err);
}
