/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine-mounts.h"

#include "../base/cleanup.h"
#include "../base/io.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static void machine_mounts_close(struct machine_mounts *mounts)
{
        cleanup_close(&mounts->own);
        cleanup_close(&mounts->root);
        cleanup_close(&mounts->here);
        *mounts = MACHINE_MOUNTS_NONE;
}

int machine_mounts_visit(int mounts, struct machine_mounts *ret, struct error *err)
{
        CLEANUP(machine_mounts_close) struct machine_mounts home = MACHINE_MOUNTS_NONE;

        *ret = MACHINE_MOUNTS_NONE;
        home.own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (home.own < 0)
                return error_errno(err, errno, "cannot open /proc/self/ns/mnt");
        if (io_is_at(mounts, "/proc/self/ns/mnt"))
                return 0;
        home.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (home.root < 0)
                return error_errno(err, errno, "cannot open /");
        home.here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (setns(mounts, CLONE_NEWNS) < 0)
                return error_errno(err, errno, "cannot go to other mounts");
        *ret = home;
        home = MACHINE_MOUNTS_NONE;
        return 0;
}

int machine_mounts_enter(struct machine_mounts *ret, struct error *err)
{
        AUTO_CLOSE int machine = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);

        if (machine < 0)
                return error_errno(err, errno, "cannot open /proc/1/ns/mnt");
        return machine_mounts_visit(machine, ret, err);
}

int machine_mounts_leave(struct machine_mounts *mounts, struct error *err)
{
        int code = 0;

        if (mounts->own >= 0 &&
            (setns(mounts->own, CLONE_NEWNS) < 0 || fchdir(mounts->root) < 0 || chroot(".") < 0 ||
             (mounts->here >= 0 && fchdir(mounts->here) < 0)))
                code = errno;
        machine_mounts_close(mounts);
        return code ? error_errno(err, code, "cannot come back from other mounts") : 0;
}
