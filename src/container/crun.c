/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crun.h"

#include "../base/io.h"
#include "place.h"

#include <dirent.h>
#include <linux/close_range.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
        CRUN_LOG_MAX = 64 * 1024
};

void crun_close(struct crun *crun)
{
        free(crun->path);
        free(crun->root);
        free(crun->log);
        free(crun->id);
        cleanup_close(&crun->clone);
        *crun = (struct crun){ .clone = -1 };
}

static char *crun_find(const char *program)
{
        AUTO_STRV struct strv directories = { 0 };
        const char *path = getenv("PATH");

        if (strchr(program, '/'))
                return str_dup(program);
        strv_split(&directories, path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
                   ":", false);
        for (size_t i = 0; i < directories.count; i++) {
                AUTO_FREE char *candidate = str_format("%s/%s", directories.items[i], program);

                if (access(candidate, X_OK) == 0)
                        return steal_str(&candidate);
        }
        return NULL;
}

/* Its interpreter could not open a descriptor that closes. */
static bool crun_is_script(const char *path)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        char start[2];

        return fd >= 0 && read(fd, start, sizeof start) == sizeof start && start[0] == '#' &&
               start[1] == '!';
}

/* A read-only mount of the file alone, or -1. */
static int crun_clone(const char *path)
{
        struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
        AUTO_CLOSE int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

        if (fd < 0 || crun_is_script(path) ||
            mount_setattr(fd, "", AT_EMPTY_PATH, &read_only, sizeof read_only) < 0)
                return -1;
        return steal_fd(&fd);
}

int crun_open(const char *program, const char *run, const char *id, struct crun *ret,
              struct error *err)
{
        char *path = crun_find(program ? program : "crun");

        if (!path || access(path, X_OK) < 0) {
                free(path);
                return program ? error_set(
                                         err, ENOENT,
                                         "cannot find the container runtime '%s', which --runtime, "
                                         "CRUNIT_RUNTIME or the settings name; without "
                                         "them it is that of the package crun",
                                         program)
                               : error_set(err, ENOENT,
                                           "cannot find the container runtime crun: install the "
                                           "package crun");
        }
        *ret = (struct crun){
                .path = path,
                .clone = crun_clone(path),
                .root = str_format("%s/crun", run),
                .log = str_format("%s/crun.log", run),
                .id = str_dup(id),
        };
        sigemptyset(&ret->signals);
        return 0;
}

/* How many descriptors systemd has handed to this process. */
unsigned crun_listen_fds(void)
{
        const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
        unsigned long long number;

        if (!pid || !str_to_u64(pid, INT32_MAX, &number) || (pid_t)number != getpid())
                return 0;
        return count && str_to_u64(count, INT32_MAX, &number) ? (unsigned)number : 0;
}

int crun_close_inherited(unsigned preserved, struct error *err)
{
        uint64_t first = (uint64_t)STDERR_FILENO + 1 + crun_listen_fds() + preserved;
        AUTO_CLOSEDIR DIR *dir = NULL;
        struct dirent *entry;
        unsigned long long fd;

        if (first > INT32_MAX || close_range((unsigned)first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
                return 0;
        /* Linux before 5.11. */
        if (!(dir = opendir("/proc/self/fd")))
                return error_errno(err, errno, "cannot list our descriptors");
        while ((entry = readdir(dir)))
                if (str_to_u64(entry->d_name, INT32_MAX, &fd) && fd >= first &&
                    fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
                        return error_errno(err, errno, "cannot mark descriptor %llu", fd);
        return 0;
}

/* crun links files from its cache, and the kernel allows that within one mount alone: for a unit
 * that has mounts of its own, systemd makes the run directory one of them. */
static bool crun_on_one_mount(const char *a, const char *b)
{
        struct statx one, other;

        return statx(AT_FDCWD, a, 0, STATX_MNT_ID, &one) == 0 &&
               statx(AT_FDCWD, b, 0, STATX_MNT_ID, &other) == 0 &&
               one.stx_mnt_id == other.stx_mnt_id;
}

int crun_make_root(const struct crun *crun, struct error *err)
{
        AUTO_FREE char *cache = str_format("%s/cache", place_runtime());
        AUTO_FREE char *link = str_format("%s/.cache", crun->root);

        if (io_make_dirs(AT_FDCWD, cache, 0700, err) < 0)
                return -1;
        if (mkdir(crun->root, 0700) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make %s", crun->root);
        if (crun_on_one_mount(cache, crun->root) && symlink(cache, link) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot link %s", link);
        return 0;
}

char *crun_filters(void)
{
        return str_concat(place_runtime(), "/cache/filters");
}

static int crun_forget(const char *path, struct error *err)
{
        if (access(path, F_OK) < 0)
                return 0;
        return io_remove_tree(AT_FDCWD, path, err) < 0 ? -1 : 1;
}

int crun_forget_cache(struct error *err)
{
        AUTO_FREE char *compiled = str_concat(place_runtime(), "/cache/seccomp");
        AUTO_FREE char *ready = crun_filters();
        int first = crun_forget(compiled, err);
        int second = first < 0 ? -1 : crun_forget(ready, err);

        return second < 0 ? -1 : first | second;
}

void crun_command(const struct crun *crun, const char *verb, struct strv *ret_args)
{
        static const char *const manager[] = {
                [CRUN_CGROUPS_NONE] = "--cgroup-manager=disabled",
                [CRUN_CGROUPS_SYSTEMD] = "--cgroup-manager=systemd",
                [CRUN_CGROUPS_FILES] = "--cgroup-manager=cgroupfs",
        };

        strv_append(ret_args, "crun");
        strv_appendf(ret_args, "--root=%s", crun->root);
        strv_appendf(ret_args, "--log=%s", crun->log);
        strv_append(ret_args, manager[crun->cgroups]);
        strv_append(ret_args, verb);
}

/* crun gives a container what LISTEN_FDS counts, whoever it was meant for. */
static void crun_environment(bool cloned, struct strv *ret)
{
        bool listens = crun_listen_fds() > 0;

        for (char **item = environ; *item; item++)
                if (!str_has_prefix(*item, "NOTIFY_SOCKET=") &&
                    !str_has_prefix(*item, "_LIBCRUN_CLONED_BINARY=") &&
                    (listens || !str_has_prefix(*item, "LISTEN_")))
                        strv_append(ret, *item);
        if (cloned)
                strv_append(ret, "_LIBCRUN_CLONED_BINARY=1");
}

static int crun_spawn_path(const char *path, bool cloned, const struct crun *crun,
                           const struct strv *args, const struct crun_stdio *stdio, pid_t *ret_pid)
{
        const int wanted[] = { stdio->in, stdio->out, stdio->err };
        AUTO_STRV struct strv environment = { 0 };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t defaults;
        int result;

        crun_environment(cloned, &environment);
        sigemptyset(&defaults);
        sigaddset(&defaults, SIGPIPE);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attributes, &crun->signals);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        posix_spawn_file_actions_init(&actions);
        for (int fd = 0; fd < 3; fd++)
                if (wanted[fd] >= 0)
                        posix_spawn_file_actions_adddup2(&actions, wanted[fd], fd);
        for (size_t i = 0; i < sizeof stdio->kept / sizeof *stdio->kept; i++)
                if (stdio->kept[i]) /* onto itself: it loses the flag that closes it */
                        posix_spawn_file_actions_adddup2(&actions, stdio->kept[i], stdio->kept[i]);
        result = posix_spawn(ret_pid, path, &actions, &attributes, args->items, environment.items);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return result;
}

int crun_spawn(const struct crun *crun, const struct strv *args, const struct crun_stdio *stdio,
               pid_t *ret_pid, struct error *err)
{
        int result = ENOENT;

        if (crun->clone >= 0) {
                AUTO_FREE char *path = str_format("/proc/self/fd/%d", crun->clone);

                result = crun_spawn_path(path, true, crun, args, stdio, ret_pid);
        }
        if (result != 0)
                result = crun_spawn_path(crun->path, false, crun, args, stdio, ret_pid);
        return result == 0 ? 0 : error_errno(err, result, "cannot execute %s", crun->path);
}

int crun_exec(const struct crun *crun, const struct strv *args, struct error *err)
{
        AUTO_STRV struct strv cloned = { 0 }, plain = { 0 };

        sigprocmask(SIG_SETMASK, &crun->signals, NULL);
        crun_environment(true, &cloned);
        crun_environment(false, &plain);
        if (crun->clone >= 0) {
                AUTO_FREE char *path = str_format("/proc/self/fd/%d", crun->clone);

                execve(path, args->items, cloned.items);
        }
        execve(crun->path, args->items, plain.items);
        return error_errno(err, errno, "cannot execute %s", crun->path);
}

int crun_run_quiet(const struct crun *crun, const struct strv *args, struct error *err)
{
        AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        struct crun_stdio stdio = { null, null, null, { 0 } };
        pid_t pid;
        int status;

        if (crun_spawn(crun, args, &stdio, &pid, err) < 0)
                return -1;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for crun");
        if (WIFEXITED(status))
                return WEXITSTATUS(status);
        return error_set(err, EINTR, "crun was killed by signal %d", WTERMSIG(status));
}

char *crun_last_error(const struct crun *crun)
{
        AUTO_FREE char *text = NULL;
        size_t length;
        char *line;

        if (io_read_file(AT_FDCWD, crun->log, CRUN_LOG_MAX, &text, &length, NULL) < 0)
                return NULL;
        while (length && (text[length - 1] == '\n' || text[length - 1] == ' '))
                text[--length] = '\0';
        line = strrchr(text, '\n');
        return *text ? str_dup(line ? line + 1 : text) : NULL;
}

int crun_error_status(const char *message_or_null)
{
        static const struct {
                const char *text;
                int status;
        } known[] = {
                { "executable file `", 127 }, /* "… not found in $PATH" */
                { "cannot find `", 127 },         { "is not executable", 126 },
                { "is not a regular file", 126 }, { "open executable", 126 },
                { "Exec format error", 126 },
        };

        for (size_t i = 0; message_or_null && i < sizeof known / sizeof *known; i++)
                if (strstr(message_or_null, known[i].text))
                        return known[i].status;
        return 125;
}
