/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-group.h"

#include "../base/io.h"
#include "cgroup.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>

enum {
        HEALTH_GROUP_PIDS_MAX = 64 * 1024,
        HEALTH_GROUP_KILL_STEPS = 1000,           /* looks whether they are gone */
        HEALTH_GROUP_KILL_STEP = 2 * 1000 * 1000, /* nanoseconds between them */
};

#define HEALTH_GROUP "crunit-health"

bool health_group_is_empty(int group, struct strv *ret_pids)
{
        AUTO_FREE char *text = NULL;

        strv_free(ret_pids);
        if (io_read_file(group, "cgroup.procs", HEALTH_GROUP_PIDS_MAX, &text, NULL, NULL) < 0)
                return true;
        strv_split(ret_pids, text, "\n", false);
        return !ret_pids->count;
}

/* A process that this namespace does not see has the number 0, which would mean ourselves. */
static void health_group_kill_one(const char *text)
{
        pid_t pid = (pid_t)atoi(text);

        if (pid > 0)
                kill(pid, SIGKILL);
}

void health_group_kill(int group)
{
        static const struct timespec step = { .tv_nsec = HEALTH_GROUP_KILL_STEP };
        AUTO_CLOSE int fd = openat(group, "cgroup.kill", O_WRONLY | O_CLOEXEC);
        AUTO_STRV struct strv pids = { 0 };

        for (int i = 0; i < HEALTH_GROUP_KILL_STEPS && !health_group_is_empty(group, &pids); i++) {
                /* All at once, or where the kernel cannot do that, one by one. */
                if (fd < 0 || write(fd, "1", 1) != 1)
                        for (size_t j = 0; j < pids.count; j++)
                                health_group_kill_one(pids.items[j]);
                nanosleep(&step, NULL);
        }
}

int health_group_make(const char *path, bool *ret_used, struct error *err)
{
        AUTO_CLOSE int parent = cgroup_open(path, err);
        int fd;

        if (parent < 0)
                return -1;
        unlinkat(parent, HEALTH_GROUP, AT_REMOVEDIR);
        *ret_used = mkdirat(parent, HEALTH_GROUP, 0755) < 0;
        if (*ret_used && errno != EEXIST)
                return error_errno(err, errno, "cannot make a control group for checks");
        fd = openat(parent, HEALTH_GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd >= 0 ? fd : error_errno(err, errno, "cannot open the control group of checks");
}

bool health_group_exists(const char *path)
{
        AUTO_CLOSE int parent = cgroup_open(path, NULL);

        return parent >= 0 && faccessat(parent, HEALTH_GROUP, F_OK, 0) == 0;
}

void health_group_remove(const char *path)
{
        AUTO_CLOSE int parent = cgroup_open(path, NULL);

        if (parent >= 0)
                unlinkat(parent, HEALTH_GROUP, AT_REMOVEDIR);
}
