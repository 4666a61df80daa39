/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine-mounts.h"

#include "../base/cleanup.h"
#include "../base/io.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

int machine_mounts_visit(int mounts, struct machine_mounts *ret, struct error *err)
{
        AUTO_CLOSE int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

        *ret = (struct machine_mounts){ .own = -1, .here = -1 };
        if (own < 0)
                return error_errno(err, errno, "cannot open /proc/self/ns/mnt");
        if (io_is_at(mounts, "/proc/self/ns/mnt"))
                return 0;
        ret->here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (setns(mounts, CLONE_NEWNS) < 0) {
                int code = errno;

                cleanup_close(&ret->here);
                ret->here = -1;
                return error_errno(err, code, "cannot go to other mounts");
        }
        ret->own = steal_fd(&own);
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

        if (mounts->own >= 0 && setns(mounts->own, CLONE_NEWNS) < 0)
                code = errno;
        if (code == 0 && mounts->own >= 0 && mounts->here >= 0 && fchdir(mounts->here) < 0)
                code = errno;
        if (mounts->own >= 0)
                close(mounts->own);
        if (mounts->here >= 0)
                close(mounts->here);
        *mounts = (struct machine_mounts){ .own = -1, .here = -1 };
        return code ? error_errno(err, code, "cannot come back from other mounts") : 0;
}
