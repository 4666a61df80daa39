/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nsjoin.h"

#include "../base/io.h"
#include "machine-mounts.h"
#include "state.h"

#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

static const struct nsjoin_row {
        const char *file; /* in /proc/PID/ns */
        int flag;
} nsjoin_rows[SHARING_KINDS] = {
        [SHARING_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
        [SHARING_IPC] = { "ipc", CLONE_NEWIPC },
        [SHARING_PID] = { "pid", CLONE_NEWPID },
        [SHARING_UTS] = { "uts", CLONE_NEWUTS },
};

/* --- taking one */

static int nsjoin_check_type(const struct nsjoin_row *row, int fd, struct error *err)
{
        int type = ioctl(fd, NS_GET_NSTYPE);

        if (type == row->flag)
                return 0;
        return error_set(err, EINVAL, "it is %s",
                         type < 0 ? "no namespace" : "a namespace of another kind");
}

/* What the container mounts of it (proc, mqueue, cgroup) is for its owner alone. */
static int nsjoin_check_owner(int fd, int users, struct error *err)
{
        AUTO_CLOSE int owner = users < 0 ? -1 : ioctl(fd, NS_GET_USERNS);
        AUTO_FREE char *path = str_format("/proc/self/fd/%d", users);

        if (users < 0 || (owner >= 0 && io_is_at(owner, path)))
                return 0;
        if (owner >= 0 && io_is_at(owner, "/proc/self/ns/user"))
                return error_set(err, EINVAL,
                                 "it is the host's users' there, which a container in a user "
                                 "namespace of its own cannot join: leave out --userns");
        return error_set(err, EINVAL,
                         "it belongs to another user namespace: join that as well, with --userns");
}

static int nsjoin_take(enum sharing_kind kind, const char *path, int users, struct nsjoin *ret,
                       struct error *err)
{
        const struct nsjoin_row *row = &nsjoin_rows[kind];
        AUTO_FREE char *own = str_concat("/proc/self/ns/", row->file);
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return error_errno(err, errno, "cannot open it");
        ret->fds[kind] = fd;
        if (nsjoin_check_type(row, fd, err) < 0)
                return -1;
        ret->sharing.kinds[kind].host = io_is_at(fd, own);
        if (ret->sharing.kinds[kind].host)
                return 0;
        ret->sharing.kinds[kind].path = str_format("/proc/%d/fd/%d", (int)getpid(), fd);
        return nsjoin_check_owner(fd, users, err);
}

/* Who is in there reads it at any time; so do we. */
static int nsjoin_read_hostname(struct nsjoin *nsjoin, struct error *err)
{
        AUTO_CLOSE int own = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
        struct utsname name;
        int code = 0;

        if (own < 0 || setns(nsjoin->fds[SHARING_UTS], CLONE_NEWUTS) < 0)
                return error_errno(err, errno, "cannot enter it");
        if (uname(&name) < 0)
                code = errno;
        if (setns(own, CLONE_NEWUTS) < 0)
                code = errno;
        if (code)
                return error_errno(err, code, "cannot read its host name");
        nsjoin->sharing.hostname = str_dup(name.nodename);
        return 0;
}

/* --- a container's */

/* Links are followed below the other's root; whatever is found, the other could show it as well. */
static int nsjoin_take_shm(const struct container_state *state, int *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/ns/mnt", (int)state->init.pid);
        AUTO_CLOSE int mounts = open(path, O_RDONLY | O_CLOEXEC);
        struct machine_mounts there;
        int tree, code;

        if (mounts < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (machine_mounts_visit(mounts, &there, err) < 0)
                return -1;
        tree = open_tree(AT_FDCWD, "/dev/shm", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        code = errno;
        if (machine_mounts_leave(&there, err) < 0) {
                if (tree >= 0)
                        close(tree);
                return -1;
        }
        if (tree < 0)
                return error_errno(err, code, "cannot use its /dev/shm");
        *ret = tree;
        return 0;
}

static int nsjoin_check_shareable(const struct container_state *state, struct error *err)
{
        if (str_equal(state->ipc, "private") || str_equal(state->ipc, "none"))
                return error_set(err, EPERM,
                                 "that container was started with --ipc %s and does not share it: "
                                 "start it with --ipc shareable",
                                 state->ipc);
        return 0;
}

static int nsjoin_take_container(enum sharing_kind kind, const char *name, int users,
                                 struct nsjoin *ret, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL, *path = NULL;

        if (state_find_running(name, &state, &run, err) < 0)
                return -1;
        if (kind == SHARING_IPC && nsjoin_check_shareable(&state, err) < 0)
                return -1;
        path = str_format("/proc/%d/ns/%s", (int)state.init.pid, nsjoin_rows[kind].file);
        if (nsjoin_take(kind, path, users, ret, err) < 0)
                return -1;
        if (kind == SHARING_IPC && !ret->sharing.kinds[kind].host &&
            nsjoin_take_shm(&state, &ret->shm, err) < 0)
                return -1;
        return state_check_running(&state, err);
}

static int nsjoin_begin_kind(const struct container_spec *spec, enum sharing_kind kind, int users,
                             struct nsjoin *ret, struct error *err)
{
        const char *mode = sharing_mode(spec, kind);
        const char *container = str_after(mode, "container:"), *path = str_after(mode, "ns:");
        int result = 0;

        if (container)
                result = nsjoin_take_container(kind, container, users, ret, err);
        else if (path)
                result = nsjoin_take(kind, path, users, ret, err);
        if (result == 0 && kind == SHARING_UTS && ret->sharing.kinds[kind].path)
                result = nsjoin_read_hostname(ret, err);
        return result < 0 ? error_wrap(err, "--%s %s", sharing_option(kind), mode) : 0;
}

int nsjoin_begin(const struct container_spec *spec, int users, struct nsjoin *ret,
                 struct error *err)
{
        for (enum sharing_kind i = 0; i < SHARING_KINDS; i++)
                if (nsjoin_begin_kind(spec, i, users, ret, err) < 0)
                        return -1;
        return 0;
}

/* --- what is mounted */

int nsjoin_mount(struct nsjoin *nsjoin, const struct place *place, struct error *err)
{
        AUTO_FREE char *target = str_format("%s/mounts/shm", place->run);

        if (nsjoin->shm < 0)
                return 0;
        if (io_make_dirs(AT_FDCWD, target, 0755, err) < 0)
                return -1;
        if (move_mount(nsjoin->shm, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount another container's /dev/shm");
        nsjoin->sharing.shm = steal_str(&target);
        return 0;
}

void nsjoin_detach(struct nsjoin *nsjoin)
{
        if (nsjoin->sharing.shm)
                umount2(nsjoin->sharing.shm, UMOUNT_NOFOLLOW | MNT_DETACH);
        free(nsjoin->sharing.shm);
        nsjoin->sharing.shm = NULL;
}

void nsjoin_free(struct nsjoin *nsjoin)
{
        for (size_t i = 0; i < SHARING_KINDS; i++)
                cleanup_close(&nsjoin->fds[i]);
        cleanup_close(&nsjoin->shm);
        sharing_free(&nsjoin->sharing);
        *nsjoin = (struct nsjoin)NSJOIN_NONE;
}
