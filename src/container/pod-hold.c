/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pod-hold.h"

#include "../base/io.h"
#include "place.h"
#include "pod-slice.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* What may be mounted in a pod's directory. */
static const char *const pod_mounts[] = { "net", "ipc", "uts", "user", "shm", NULL };

/* A service's private mount namespace would keep the mounts to itself. */
static int pod_enter_mounts(struct error *err)
{
        static const char first[] = "/proc/1/ns/mnt";
        AUTO_CLOSE int fd = open(first, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", first);
        if (io_is_at(fd, "/proc/self/ns/mnt"))
                return 0;
        return setns(fd, CLONE_NEWNS) == 0
                       ? 0
                       : error_errno(err, errno, "cannot enter the machine's mount namespace");
}

static int pod_bind(const char *name, const char *file, const char *source, struct error *err)
{
        AUTO_FREE char *path = pod_path(name, file);
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);

        if (fd < 0)
                return error_errno(err, errno, "cannot make %s", path);
        if (mount(source, path, NULL, MS_BIND, NULL) < 0)
                return error_errno(err, errno, "cannot mount at %s", path);
        return 0;
}

static int pod_mount_shm(const struct pod_hold *hold, struct error *err)
{
        AUTO_FREE char *path = pod_path(hold->pod->name, "shm");
        AUTO_FREE char *options =
                str_format("mode=1777,size=%llu,uid=%u,gid=%u", (unsigned long long)hold->shm_size,
                           ids_root_uid(hold->ids), ids_root_gid(hold->ids));

        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make %s", path);
        if (mount("shm", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
                return error_errno(err, errno, "cannot mount at %s", path);
        return 0;
}

/* net.core.somaxconn=1024 */
static int pod_set_sysctl(const char *pair, struct error *err)
{
        AUTO_FREE char *name = str_dupn(pair, strcspn(pair, "="));
        AUTO_FREE char *path = str_format("/proc/sys/%s", name);
        const char *value = strchr(pair, '=') + 1;
        AUTO_CLOSE int fd = -1;

        for (char *c = path + strlen("/proc/sys/"); *c; c++)
                if (*c == '.')
                        *c = '/';
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || io_write_all(fd, value, strlen(value)) < 0)
                return error_errno(err, errno, "--sysctl %s", pair);
        return 0;
}

/* Some let only that user have a say to whom the namespace belongs, others only the machine's. */
static int pod_try_sysctl(const struct pod_hold *hold, const char *pair, struct error *err)
{
        AUTO_ERROR struct error refused = { 0 };
        int result;

        if (pod_set_sysctl(pair, &refused) == 0)
                return 0;
        if (!ids_mapped(hold->ids) || (refused.code != EACCES && refused.code != EPERM))
                return error_set(err, refused.code, "%s", refused.message);
        if (seteuid(ids_root_uid(hold->ids)) < 0)
                return error_errno(err, errno, "cannot act for the pod's root");
        result = pod_set_sysctl(pair, err);
        if (seteuid(0) < 0)
                return error_errno(err, errno, "cannot act for the machine's root again");
        return result;
}

/* What is set is the parameter of the namespace this process is in. */
static int pod_set_sysctls(const struct pod_hold *hold, struct error *err)
{
        AUTO_CLOSE int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        int result = 0;

        if (own < 0 || (hold->network >= 0 && setns(hold->network, CLONE_NEWNET) < 0))
                return error_errno(err, errno, "cannot enter the pod's network namespace");
        for (size_t i = 0; result == 0 && i < hold->sysctls->count; i++)
                result = pod_try_sysctl(hold, hold->sysctls->items[i], err);
        if (setns(own, CLONE_NEWNET) < 0)
                return error_errno(err, errno, "cannot go back to the host's network");
        return result;
}

static int pod_enter(int fd, int kind)
{
        return fd < 0 ? 0 : setns(fd, kind);
}

static int pod_make_namespaces(const struct pod_hold *hold, struct error *err)
{
        const struct strv *namespaces = &hold->pod->namespaces;
        bool ipc = strv_contains(namespaces, "ipc"), uts = strv_contains(namespaces, "uts");

        if (ids_mapped(hold->ids)
                    ? pod_enter(hold->ids->namespaces.ipc, CLONE_NEWIPC) < 0 ||
                              pod_enter(hold->ids->namespaces.uts, CLONE_NEWUTS) < 0
                    : unshare((ipc ? CLONE_NEWIPC : 0) | (uts ? CLONE_NEWUTS : 0)) < 0)
                return error_errno(err, errno, "cannot make the pod's namespaces");
        if (uts && sethostname(hold->pod->hostname, strlen(hold->pod->hostname)) < 0)
                return error_errno(err, errno, "cannot set the pod's host name");
        return hold->sysctls->count ? pod_set_sysctls(hold, err) : 0;
}

/* This process is in those for ipc and uts, and has descriptors of the others; owned. */
static char *pod_source(const struct pod_hold *hold, const char *name)
{
        if (str_equal(name, "net"))
                return str_format("/proc/self/fd/%d", hold->network);
        if (str_equal(name, "user"))
                return str_format("/proc/self/fd/%d", hold->ids->namespaces.user);
        return str_format("/proc/self/ns/%s", name);
}

int pod_hold(const struct pod_hold *hold, struct error *err)
{
        const struct pod *pod = hold->pod;

        if (pod_make_namespaces(hold, err) < 0 || pod_enter_mounts(err) < 0)
                return -1;
        for (size_t i = 0; i < pod->namespaces.count; i++) {
                const char *name = pod->namespaces.items[i];
                AUTO_FREE char *source = pod_source(hold, name);

                if (pod_bind(pod->name, name, source, err) < 0)
                        return -1;
        }
        return strv_contains(&pod->namespaces, "ipc") ? pod_mount_shm(hold, err) : 0;
}

/* One that was killed and begun again may have left several mounts, one upon the other. */
static int pod_unmount(const char *path, struct error *err)
{
        while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
                ;
        if (errno != EINVAL && errno != ENOENT)
                return error_errno(err, errno, "cannot unmount %s", path);
        return 0;
}

int pod_release(const char *name, struct error *err)
{
        if (pod_enter_mounts(err) < 0)
                return -1;
        for (size_t i = 0; pod_mounts[i]; i++) {
                AUTO_FREE char *path = pod_path(name, pod_mounts[i]);

                if (pod_unmount(path, err) < 0)
                        return -1;
        }
        return 0;
}

int pod_remove(const char *name, struct error *err)
{
        AUTO_FREE char *directory = pod_directory(name);
        AUTO_POD struct pod pod = { 0 };

        if (access(directory, F_OK) < 0 && errno == ENOENT)
                return 0;
        if (pod_read(name, &pod, NULL) == 0 && pod_slice_stop(&pod, err) < 0)
                return -1;
        return pod_release(name, err) < 0 ? -1 : io_remove_tree(AT_FDCWD, directory, err);
}

static bool pod_is_stale(const char *name)
{
        AUTO_POD struct pod pod = { 0 };
        AUTO_ERROR struct error err = { 0 };

        if (pod_read(name, &pod, &err) < 0)
                return err.code == ENOENT;
        return pod.status != POD_STOPPED ? !pod_alive(&pod)
                                         : pod.owner && access(pod.owner, F_OK) < 0;
}

static void pod_list_stale(struct strv *ret)
{
        AUTO_FREE char *path = str_format("%s/pods", place_runtime());
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] != '.' && !str_equal(entry->d_name, "lock") &&
                    pod_is_stale(entry->d_name))
                        strv_append(ret, entry->d_name);
}

bool pod_is_any_stale(void)
{
        AUTO_STRV struct strv stale = { 0 };

        pod_list_stale(&stale);
        return stale.count > 0;
}

void pod_sweep(void)
{
        AUTO_CLOSE int lock = pod_lock(NULL);
        AUTO_STRV struct strv stale = { 0 };

        if (lock < 0)
                return;
        pod_list_stale(&stale);
        for (size_t i = 0; i < stale.count; i++)
                pod_remove(stale.items[i], NULL);
}
