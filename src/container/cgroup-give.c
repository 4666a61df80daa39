/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup-give.h"

#include "../base/io.h"
#include "../base/str.h"
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
        CGROUP_GIVE_MAX = 64 * 1024
};

/* -1 with code ENOTSUP on the old hierarchies. */
static int cgroup_give_open(const char *path, struct error *err)
{
        AUTO_CLOSE int fd = cgroup_open(path, err);
        struct statfs fs;

        if (fd < 0)
                return -1;
        if (fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
                return error_set(err, ENOTSUP, "%s is not of the unified hierarchy", path);
        return steal_fd(&fd);
}

int cgroup_give(const char *path, uid_t uid, gid_t gid, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv files = { 0 };
        AUTO_CLOSE int group = cgroup_give_open(path, &reason);

        if (group < 0)
                return reason.code == ENOTSUP ? 0
                                              : error_set(err, reason.code, "%s", reason.message);
        if (io_read_file(AT_FDCWD, "/sys/kernel/cgroup/delegate", CGROUP_GIVE_MAX, &text, NULL,
                         err) < 0)
                return -1;
        strv_split(&files, text, "\n", false);
        for (size_t i = 0; i < files.count; i++)
                if (fchownat(group, files.items[i], uid, gid, AT_SYMLINK_NOFOLLOW) < 0 &&
                    errno != ENOENT)
                        return error_errno(err, errno, "cannot give %s of %s to the container",
                                           files.items[i], path);
        if (fchown(group, uid, gid) < 0)
                return error_errno(err, errno, "cannot give %s to the container", path);
        return 0;
}

int cgroup_put_aside(const char *path, pid_t pid, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };
        AUTO_FREE char *text = str_format("%d", (int)pid);
        AUTO_CLOSE int group = cgroup_give_open(path, &reason);
        AUTO_CLOSE int procs = -1;

        if (group < 0)
                return reason.code == ENOTSUP ? 0
                                              : error_set(err, reason.code, "%s", reason.message);
        if (mkdirat(group, CGROUP_ASIDE, 0755) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make a group in %s", path);
        procs = openat(group, CGROUP_ASIDE "/cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (procs < 0 || io_write_all(procs, text, strlen(text)) < 0)
                return error_errno(err, errno, "cannot move a process to %s/" CGROUP_ASIDE, path);
        return 0;
}
