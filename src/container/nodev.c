/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nodev.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* The life of a process of its own, since going there changes what "/" is. */
static void nodev_live(int mounts)
{
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NODEV };
        int code = 0;

        if (setns(mounts, CLONE_NEWNS) < 0 ||
            mount_setattr(AT_FDCWD, "/", 0, &attributes, sizeof attributes) < 0)
                code = errno;
        _exit(code);
}

int nodev_set(pid_t init, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/ns/mnt", (int)init);
        AUTO_CLOSE int mounts = open(path, O_RDONLY | O_CLOEXEC);
        int status;
        pid_t pid;

        if (mounts < 0)
                return error_errno(err, errno, "cannot open %s", path);
        pid = fork();
        if (pid == 0)
                nodev_live(mounts);
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for a process");
        if (!WIFEXITED(status))
                return error_set(err, EIO,
                                 "the process that shuts the devices of the root file system was "
                                 "killed by signal %d",
                                 WTERMSIG(status));
        if (WEXITSTATUS(status) != 0)
                return error_errno(err, WEXITSTATUS(status),
                                   "cannot shut the devices of the root file system");
        return 0;
}
