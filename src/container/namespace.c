/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "namespace.h"

#include "../base/io.h"

#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        NAMESPACE_MAP_MAX = 64 * 1024
};

/* A child that is in the namespaces until `hold` is closed. */
struct namespace_holder {
        pid_t pid;
        int hold;
};

static void namespace_release(struct namespace_holder *holder)
{
        cleanup_close(&holder->hold);
        while (holder->pid > 0 && waitpid(holder->pid, NULL, 0) < 0 && errno == EINTR)
                continue;
}

void namespaces_close(struct namespaces *namespaces)
{
        cleanup_close(&namespaces->user);
        cleanup_close(&namespaces->network);
        cleanup_close(&namespaces->ipc);
        cleanup_close(&namespaces->uts);
        *namespaces = (struct namespaces)NAMESPACES_NONE;
}

char *namespace_path(int fd)
{
        return str_format("/proc/%d/fd/%d", (int)getpid(), fd);
}

/* In the child: go there, say how it went, wait. join: a namespace to enter, or -1 for a new one.
 */
static void namespace_hold(int join, int kinds, int answer, int hold)
{
        int code = 0;
        char byte;

        if (join >= 0 && setns(join, CLONE_NEWUSER) < 0)
                code = errno;
        else if (join < 0 && unshare(CLONE_NEWUSER | kinds) < 0)
                code = errno;
        else if (join >= 0 && kinds && unshare(kinds) < 0)
                code = errno;
        if (io_write_all(answer, &code, sizeof code) == 0)
                while (read(hold, &byte, 1) < 0 && errno == EINTR)
                        continue;
        _exit(0);
}

/* 0, or what the child met with. */
static int namespace_answer(int fd)
{
        int code = EIO;

        while (read(fd, &code, sizeof code) < 0 && errno == EINTR)
                continue;
        return code;
}

static int namespace_start(int join, int kinds, struct namespace_holder *ret, struct error *err)
{
        int hold[2], answer[2], code;
        pid_t pid;

        if (pipe2(hold, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        ret->hold = hold[1];
        if (pipe2(answer, O_CLOEXEC) < 0) {
                close(hold[0]);
                return error_errno(err, errno, "cannot make a pipe");
        }
        pid = fork();
        if (pid == 0) {
                close(hold[1]);
                namespace_hold(join, kinds, answer[1], hold[0]);
        }
        close(hold[0]);
        close(answer[1]);
        code = pid < 0 ? errno : namespace_answer(answer[0]);
        close(answer[0]);
        ret->pid = pid;
        if (code == 0)
                return 0;
        if (join < 0 && (code == ENOSPC || code == EUSERS))
                return error_errno(err, code,
                                   "cannot make a user namespace (see user.max_user_namespaces of "
                                   "sysctl)");
        return error_errno(err, code, "cannot %s a user namespace", join < 0 ? "make" : "enter");
}

static int namespace_open_link(pid_t pid, const char *name, int *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/ns/%s", (int)pid, name);

        *ret = open(path, O_RDONLY | O_CLOEXEC);
        return *ret < 0 ? error_errno(err, errno, "cannot open %s", path) : 0;
}

/* All of it in one write, or the kernel refuses it. */
static int namespace_write_map(pid_t pid, const char *file, const struct idmap *map,
                               struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/%s", (int)pid, file);
        AUTO_FREE char *text = idmap_text(map);
        AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                return error_errno(err, errno, "the kernel does not take the mapping of ids in %s",
                                   path);
        return 0;
}

static int namespace_take(pid_t pid, int kinds, struct namespaces *ret, struct error *err)
{
        AUTO_NAMESPACES struct namespaces taken = NAMESPACES_NONE;

        if (namespace_open_link(pid, "user", &taken.user, err) < 0 ||
            (kinds & CLONE_NEWNET && namespace_open_link(pid, "net", &taken.network, err) < 0) ||
            (kinds & CLONE_NEWIPC && namespace_open_link(pid, "ipc", &taken.ipc, err) < 0) ||
            (kinds & CLONE_NEWUTS && namespace_open_link(pid, "uts", &taken.uts, err) < 0))
                return -1;
        *ret = taken;
        taken = (struct namespaces)NAMESPACES_NONE;
        return 0;
}

int namespace_make(const struct idmap *uids, const struct idmap *gids, int kinds,
                   struct namespaces *ret, struct error *err)
{
        CLEANUP(namespace_release) struct namespace_holder holder = { .hold = -1 };

        if (namespace_start(-1, kinds, &holder, err) < 0 ||
            namespace_write_map(holder.pid, "uid_map", uids, err) < 0 ||
            namespace_write_map(holder.pid, "gid_map", gids, err) < 0)
                return -1;
        return namespace_take(holder.pid, kinds, ret, err);
}

/* --- one that is there */

static int namespace_read_map(pid_t pid, const char *file, struct idmap *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/%s", (int)pid, file);
        AUTO_FREE char *text = NULL;

        if (io_read_file(AT_FDCWD, path, NAMESPACE_MAP_MAX, &text, NULL, err) < 0)
                return -1;
        return idmap_from_text(text, ret, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

int namespace_open(const char *path, int kinds, struct namespaces *ret, struct idmap *ret_uids,
                   struct idmap *ret_gids, struct error *err)
{
        CLEANUP(namespace_release) struct namespace_holder holder = { .hold = -1 };
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return error_errno(err, errno, "cannot open the user namespace %s", path);
        if (io_is_at(fd, "/proc/self/ns/user"))
                return 0;
        if (namespace_start(fd, kinds, &holder, err) < 0 ||
            namespace_read_map(holder.pid, "uid_map", &uids, err) < 0 ||
            namespace_read_map(holder.pid, "gid_map", &gids, err) < 0 ||
            namespace_take(holder.pid, kinds, ret, err) < 0)
                return error_wrap(err, "%s", path);
        *ret_uids = uids;
        *ret_gids = gids;
        uids = gids = (struct idmap){ 0 };
        return 0;
}
