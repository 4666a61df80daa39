/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nodev.h"

#include "../base/cleanup.h"
#include "../base/log.h"
#include "../base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
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

/* Where this process is at home: its mounts, and what "/" and "." are there; the latter may be
 * closed to it: then it is at "/" afterwards. */
struct nodev_home {
        int mounts, root, here;
};

static void nodev_close(struct nodev_home *home)
{
        cleanup_close(&home->mounts);
        cleanup_close(&home->root);
        cleanup_close(&home->here);
}

static int nodev_remember(struct nodev_home *ret)
{
        ret->mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        ret->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        ret->here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return ret->mounts < 0 || ret->root < 0 ? -1 : 0;
}

/* Whatever this process did among the mounts of a container, cleaning up included, it would do it
 * to the wrong files: there is nobody to return an error to. */
static void nodev_return(const struct nodev_home *home)
{
        if (setns(home->mounts, CLONE_NEWNS) == 0 && fchdir(home->root) == 0 && chroot(".") == 0 &&
            (home->here < 0 || fchdir(home->here) == 0))
                return;
        log_error("cannot come back from the mounts of a container: %s", strerror(errno));
        abort();
}

int nodev_set(pid_t init, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/ns/mnt", (int)init);
        AUTO_CLOSE int mounts = open(path, O_RDONLY | O_CLOEXEC);
        CLEANUP(nodev_close) struct nodev_home home = { -1, -1, -1 };
        int failed = 0;

        if (mounts < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (nodev_remember(&home) < 0)
                return error_errno(err, errno, "cannot open what this process has mounted");
        if (setns(mounts, CLONE_NEWNS) < 0)
                return error_errno(err, errno, "cannot enter %s", path);
        if (nodev_set_here() < 0)
                failed = errno;
        nodev_return(&home);
        if (failed)
                return error_errno(err, failed, "cannot shut the devices of the root file system");
        return 0;
}
