/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nodev.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Before Linux 5.12 a flag is set by naming all that are to hold. */
static int nodev_set_classic(void)
{
        unsigned long kept = ST_RDONLY | ST_NOSUID | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME;
        struct statvfs fs;

        if (statvfs("/", &fs) < 0)
                return -1;
        kept &= fs.f_flag; /* the same bits as those of mount(2), but for this one */
        if (fs.f_flag & ST_RELATIME)
                kept |= MS_RELATIME;
        return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | kept, NULL);
}

static int nodev_set_here(void)
{
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NODEV };

        if (!str_equal(getenv("CRUNIT_MOUNT"), "classic") &&
            mount_setattr(AT_FDCWD, "/", 0, &attributes, sizeof attributes) == 0)
                return 0;
        return nodev_set_classic();
}

/* The life of a process of its own, since going there changes what "/" is. It has our memory, and
 * we wait: a copy of it would cost more than all that is done here. */
static void nodev_live(int mounts)
{
        _exit(setns(mounts, CLONE_NEWNS) < 0 || nodev_set_here() < 0 ? errno : 0);
}

int nodev_set(pid_t init, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/ns/mnt", (int)init);
        AUTO_CLOSE int mounts = open(path, O_RDONLY | O_CLOEXEC);
        int status;
        pid_t pid;

        if (mounts < 0)
                return error_errno(err, errno, "cannot open %s", path);
        pid = vfork();
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
