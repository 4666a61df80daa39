/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine-mounts.h"

#include "../base/io.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static bool machine_mounts_same(int a, int b)
{
        struct stat one, other;

        return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino &&
               one.st_dev == other.st_dev;
}

int machine_mounts_enter(struct machine_mounts *ret, struct error *err)
{
        int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        int machine = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
        int code = 0;

        *ret = (struct machine_mounts){ .own = -1, .here = -1 };
        if (own < 0 || machine < 0) {
                code = errno;
        } else if (!machine_mounts_same(own, machine)) {
                ret->here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (setns(machine, CLONE_NEWNS) == 0) {
                        ret->own = own;
                        own = -1;
                } else {
                        code = errno;
                }
        }
        if (own >= 0)
                close(own);
        if (machine >= 0)
                close(machine);
        return code ? error_errno(err, code, "cannot go to the machine's mounts") : 0;
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
        return code ? error_errno(err, code, "cannot come back from the machine's mounts") : 0;
}
