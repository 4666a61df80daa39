/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "entrance.h"

#include "../base/io.h"
#include "entrance-config.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

enum {
        ENTRANCE_CAPS = 64,
        ENTRANCE_FAILURE = 125,
        ENTRANCE_NOT_EXECUTABLE = 126,
        ENTRANCE_NOT_FOUND = 127,
};

bool entrance_prepare(void)
{
        struct statvfs fs;

        return prctl(PR_SET_DUMPABLE, 0) == 0 && statvfs("/proc/self/exe", &fs) == 0 &&
               fs.f_flag & ST_RDONLY;
}

void entrance_close(struct entrance *entrance)
{
        cleanup_close(&entrance->init);
        strv_free(&entrance->env);
        free(entrance->cwd);
        free(entrance->label);
        free(entrance->label_file);
        free(entrance->groups);
        free(entrance->limits);
        free(entrance->filter);
        *entrance = (struct entrance){ .init = -1 };
}

/* --- namespaces */

static const struct entrance_namespace {
        const char *name; /* below /proc/PID/ns */
        int flag;
} entrance_namespaces[] = {
        { "user", CLONE_NEWUSER },     { "mnt", CLONE_NEWNS },  { "pid", CLONE_NEWPID },
        { "net", CLONE_NEWNET },       { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS },
        { "cgroup", CLONE_NEWCGROUP },
};

/* 1: the same as ours, 0: another, -1: gone. */
static int entrance_same_namespace(pid_t pid, const char *name)
{
        AUTO_FREE char *theirs = str_format("/proc/%d/ns/%s", (int)pid, name);
        AUTO_FREE char *own = str_concat("/proc/self/ns/", name);
        struct stat a, b;

        if (stat(theirs, &a) < 0 || stat(own, &b) < 0)
                return -1;
        return io_same_file(&a, &b);
}

static int entrance_find_namespaces(struct entrance *entrance, pid_t pid, struct error *err)
{
        for (size_t i = 0; i < sizeof entrance_namespaces / sizeof *entrance_namespaces; i++) {
                const struct entrance_namespace *namespace = &entrance_namespaces[i];
                int same = entrance_same_namespace(pid, namespace->name);

                if (same < 0)
                        return error_errno(err, errno, "cannot look at the container's namespaces");
                if (!same)
                        entrance->namespaces |= namespace->flag;
        }
        /* Its root is reached by its mounts alone. */
        return entrance->namespaces & CLONE_NEWNS
                       ? 0
                       : error_set(err, EOPNOTSUPP, "the container has no mount namespace");
}

int entrance_open(const struct container_state *state, const char *run, struct entrance *ret,
                  struct error *err)
{
        AUTO_ENTRANCE struct entrance entrance = { .init = process_open(&state->init) };

        if (entrance.init < 0)
                return error_set(err, ESRCH, "container '%s' is not running", state->name);
        if (entrance_read_config(state, run, &entrance, err) < 0 ||
            entrance_find_namespaces(&entrance, state->init.pid, err) < 0)
                return -1;
        /* Only now is it sure that what was looked at was this process's. */
        if (process_wait(entrance.init, 0) != 0)
                return error_set(err, ESRCH, "container '%s' has ended", state->name);
        *ret = entrance;
        entrance = (struct entrance){ .init = -1 };
        return 0;
}

int entrance_adopt_processes(const struct entrance *entrance, struct error *err)
{
        AUTO_CLOSE int own = -1;

        if (entrance && !(entrance->namespaces & CLONE_NEWPID))
                return 0;
        if (!entrance)
                own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
        if (setns(entrance ? entrance->init : own, CLONE_NEWPID) < 0)
                return error_errno(err, errno, "cannot join the container's processes");
        return 0;
}

/* --- the child */

static int entrance_set_limits(const struct entrance *entrance, struct error *err)
{
        AUTO_FREE char *score = str_format("%d", entrance->oom_score_adj);
        AUTO_CLOSE int fd = entrance->set_oom_score
                                    ? open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
                                    : -1;

        if (entrance->set_oom_score && (fd < 0 || io_write_all(fd, score, strlen(score)) < 0))
                return error_errno(err, errno, "cannot set the OOM score");
        for (size_t i = 0; i < entrance->limit_count; i++)
                if (setrlimit((__rlimit_resource_t)entrance->limits[i].resource,
                              &entrance->limits[i].limit) < 0)
                        return error_errno(err, errno, "cannot set a limit");
        return 0;
}

/* A file of the machine's /proc that belongs to this very process: opened before, written after the
 * way in. */
static int entrance_open_label(const struct entrance *entrance, int *ret_fd, struct error *err)
{
        if (!entrance->label)
                return 0;
        *ret_fd = open(entrance->label_file, O_WRONLY | O_CLOEXEC);
        return *ret_fd >= 0 ? 0 : error_errno(err, errno, "cannot open %s", entrance->label_file);
}

/* No descriptor that could lead back out but the label's. */
static int entrance_close_others(int *label, struct error *err)
{
        enum {
                FIRST = STDERR_FILENO + 1
        };

        if (*label >= 0 && *label != FIRST && dup3(*label, FIRST, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot keep a descriptor");
        if (*label >= 0)
                *label = FIRST;
        if (close_range(*label >= 0 ? FIRST + 1 : FIRST, ~0U, 0) < 0)
                return error_errno(err, errno, "cannot close our descriptors");
        return 0;
}

static int entrance_apply_filter(const struct entrance *entrance, struct error *err)
{
        struct sock_fprog program = { .len = (unsigned short)entrance->filter_count,
                                      .filter = entrance->filter };

        if (entrance->filter && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                return error_errno(err, errno, "cannot load the seccomp filter");
        return 0;
}

static int entrance_drop_bounding(uint64_t kept, struct error *err)
{
        for (unsigned long cap = 0; cap < ENTRANCE_CAPS; cap++)
                if (!(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
                        if (errno == EINVAL)
                                break; /* beyond the kernel's last one */
                        return error_errno(err, errno, "cannot drop a capability");
                }
        return 0;
}

static int entrance_set_caps(const struct entrance *entrance, struct error *err)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        for (int half = 0; half < 2; half++)
                data[half] = (struct __user_cap_data_struct){
                        .effective = (uint32_t)(entrance->effective >> 32 * half),
                        .permitted = (uint32_t)(entrance->permitted >> 32 * half),
                        .inheritable = (uint32_t)(entrance->inheritable >> 32 * half),
                };
        if (syscall(SYS_capset, &header, data) < 0)
                return error_errno(err, errno, "cannot set the capabilities");
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        for (unsigned long cap = 0; cap < ENTRANCE_CAPS; cap++)
                if (entrance->ambient >> cap & 1 &&
                    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
                        return error_errno(err, errno, "cannot raise a capability");
        return 0;
}

static int entrance_become_user(const struct entrance *entrance, struct error *err)
{
        if (entrance_drop_bounding(entrance->bounding, err) < 0)
                return -1;
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
            setgroups(entrance->group_count, entrance->groups) < 0 ||
            setresgid(entrance->gid, entrance->gid, entrance->gid) < 0 ||
            setresuid(entrance->uid, entrance->uid, entrance->uid) < 0)
                return error_errno(err, errno, "cannot become user %u:%u", entrance->uid,
                                   entrance->gid);
        umask(entrance->umask);
        return entrance_set_caps(entrance, err);
}

static int entrance_change_directory(const struct entrance *entrance, struct error *err)
{
        AUTO_FREE char *here = NULL;

        if (chdir(entrance->cwd) < 0)
                return error_errno(err, errno, "cannot go to %s", entrance->cwd);
        here = getcwd(NULL, 0);
        if (!here || here[0] != '/')
                return error_set(err, EPERM, "%s is not within the container", entrance->cwd);
        return 0;
}

static int entrance_join(const struct entrance *entrance, struct error *err)
{
        int flags = entrance->namespaces & ~CLONE_NEWPID;

        /* A session keyring of its own: ours is nothing for the container. */
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
                return error_errno(err, errno, "cannot make a session keyring");
        if (setns(entrance->init, flags) < 0)
                return error_errno(err, errno, "cannot join the container's namespaces");
        return 0;
}

/* Everything up to the program; order matters, each step needs rights that a later one drops. */
static int entrance_change(const struct entrance *entrance, struct error *err)
{
        int label = -1;

        setsid();
        if (entrance_set_limits(entrance, err) < 0 ||
            entrance_open_label(entrance, &label, err) < 0 || entrance_join(entrance, err) < 0 ||
            entrance_close_others(&label, err) < 0 || entrance_change_directory(entrance, err) < 0)
                return -1;
        if (label >= 0 && io_write_all(label, entrance->label, strlen(entrance->label)) < 0)
                return error_errno(err, errno, "cannot take the label '%s'", entrance->label);
        if (!entrance->no_new_privileges && entrance_apply_filter(entrance, err) < 0)
                return -1;
        if (entrance_become_user(entrance, err) < 0)
                return -1;
        if (!entrance->no_new_privileges)
                return 0;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_errno(err, errno, "cannot give up new privileges");
        return entrance_apply_filter(entrance, err);
}

int entrance_execute(const struct entrance *entrance, char *const *args, struct error *err)
{
        static char *const nothing[] = { NULL };

        if (entrance_change(entrance, err) < 0) {
                err->code = ENTRANCE_FAILURE;
                return -1;
        }
        environ = entrance->env.items ? entrance->env.items : (char **)(uintptr_t)nothing;
        execvp(args[0], args);
        error_errno(err, errno, "cannot execute %s", args[0]);
        err->code = err->code == ENOENT ? ENTRANCE_NOT_FOUND : ENTRANCE_NOT_EXECUTABLE;
        return -1;
}
