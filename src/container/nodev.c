/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nodev.h"

#include "../base/cleanup.h"
#include "../base/log.h"
#include "../base/str.h"
#include "machine-mounts.h"

#include <errno.h>
#include <fcntl.h>
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

int nodev_set(pid_t init, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/ns/mnt", (int)init);
        AUTO_CLOSE int mounts = open(path, O_RDONLY | O_CLOEXEC);
        AUTO_ERROR struct error stuck = { 0 };
        struct machine_mounts home;
        int failed = 0;

        if (mounts < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (machine_mounts_visit(mounts, &home, err) < 0)
                return -1;
        if (nodev_set_here() < 0)
                failed = errno;
        /* Whatever this process did among the mounts of a container, cleaning up included, it would
         * do it to the wrong files: there is nobody to return an error to. */
        if (machine_mounts_leave(&home, &stuck) < 0) {
                log_error("%s", stuck.message);
                abort();
        }
        if (failed)
                return error_errno(err, failed, "cannot shut the devices of the root file system");
        return 0;
}
