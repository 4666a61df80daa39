/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pause.h"

#include "../base/io.h"
#include "cgroup-give.h"
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_GROUP "crunit-paused"

enum {
        PAUSE_FILE_MAX = 1024 * 1024,
        PAUSE_ROUNDS = 5000,          /* looks whether they stand still */
        PAUSE_STEP = 2 * 1000 * 1000, /* nanoseconds between them */
};

struct pause {
        int group;          /* the container's; locked */
        int inner;          /* the one that stands still */
        struct stat mounts; /* the container's mount namespace */
        struct stat pids;   /* our own pid namespace */
};

#define PAUSE_NONE                                                                                 \
        {                                                                                          \
                .group = -1, .inner = -1                                                           \
        }

static void pause_close(struct pause *pause)
{
        cleanup_close(&pause->inner);
        cleanup_close(&pause->group);
}

static bool pause_says(int group, const char *name, const char *file, const char *what)
{
        AUTO_FREE char *path = str_concat(name, "/", file), *text = NULL;

        return io_read_file(group, path, PAUSE_FILE_MAX, &text, NULL, NULL) == 0 &&
               strstr(text, what);
}

/* Is that group to stand still? Does it? */
static bool pause_is_told(int group, const char *name)
{
        return pause_says(group, name, "cgroup.freeze", "1");
}

static bool pause_stands_still(int group, const char *name)
{
        return pause_says(group, name, "cgroup.events", "frozen 1");
}

static int pause_tell(int group, const char *name, bool freeze, struct error *err)
{
        AUTO_FREE char *file = str_format("%s/cgroup.freeze", name);
        AUTO_CLOSE int fd = openat(group, file, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || io_write_all(fd, freeze ? "1" : "0", 1) < 0)
                return error_errno(err, errno, "cannot write to %s", file);
        return 0;
}

/* --- the groups that the container has made */

struct pause_below {
        bool freeze;
        bool moving; /* one of them does not stand still yet */
};

/* Those of systemd (".control") and of ours are not the container's. */
static bool pause_is_theirs(int dir, const char *name)
{
        struct stat st;

        return name[0] != '.' && !str_has_prefix(name, "crunit-") &&
               !str_equal(name, CGROUP_ASIDE) &&
               fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* A group may go away meanwhile. */
static int pause_tell_below(int dir, const char *name, void *context, struct error *err)
{
        struct pause_below *below = context;
        AUTO_ERROR struct error failed = { 0 };

        if (!pause_is_theirs(dir, name))
                return 0;
        if (pause_is_told(dir, name) != below->freeze &&
            pause_tell(dir, name, below->freeze, &failed) < 0)
                return faccessat(dir, name, F_OK, 0) < 0
                               ? 0
                               : error_set(err, failed.code, "%s", failed.message);
        if (below->freeze && !pause_stands_still(dir, name))
                below->moving = true;
        return 0;
}

/* --- the processes beside them */

/* Who starts a container, sees to its output or is on the way into it sees our processes, and not
 * the container's files. */
static bool pause_is_ours(const struct pause *pause, const char *pid)
{
        AUTO_FREE char *pids = str_format("/proc/%s/ns/pid", pid);
        AUTO_FREE char *mounts = str_format("/proc/%s/ns/mnt", pid);
        struct stat st;

        return stat(pids, &st) == 0 && io_same_file(&st, &pause->pids) && stat(mounts, &st) == 0 &&
               !io_same_file(&st, &pause->mounts);
}

static int pause_find_namespaces(struct pause *pause, const struct container_state *state,
                                 struct error *err)
{
        AUTO_FREE char *mounts = str_format("/proc/%d/ns/mnt", (int)state->init.pid);

        if (stat("/proc/self/ns/pid", &pause->pids) < 0)
                return error_errno(err, errno, "cannot look at /proc/self/ns/pid");
        if (stat(mounts, &pause->mounts) < 0)
                return error_errno(err, errno, "container '%s' is gone", state->name);
        return 0;
}

/* Move all, or all but ours, from one group to another; returns how many. */
static int pause_move(int from, int to, const struct pause *spare_ours, struct error *err)
{
        AUTO_CLOSE int procs = openat(to, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv pids = { 0 };
        int moved = 0;

        if (procs < 0)
                return error_errno(err, errno, "cannot open cgroup.procs");
        if (io_read_file(from, "cgroup.procs", PAUSE_FILE_MAX, &text, NULL, err) < 0)
                return -1;
        strv_split(&pids, text, "\n", false);
        for (size_t i = 0; i < pids.count; i++) {
                const char *pid = pids.items[i];

                /* One of another pid namespace has the number 0, which would mean ourselves. */
                if (atoi(pid) <= 0 || (spare_ours && pause_is_ours(spare_ours, pid)))
                        continue;
                if (write(procs, pid, strlen(pid)) >= 0)
                        moved++;
                else if (errno != ESRCH)
                        return error_errno(err, errno, "cannot move process %s", pid);
        }
        return moved;
}

/* --- all of it */

/* 1: they stand still, 0: not yet. */
static int pause_step(struct pause *pause, struct error *err)
{
        struct pause_below below = { .freeze = true };
        int moved = pause_move(pause->group, pause->inner, pause, err);

        if (moved < 0 || io_each_name(pause->group, ".", pause_tell_below, &below, err) < 0)
                return -1;
        return moved == 0 && !below.moving && pause_stands_still(pause->inner, ".");
}

static int pause_freeze(struct pause *pause, const struct container_state *state, struct error *err)
{
        static const struct timespec step = { .tv_nsec = PAUSE_STEP };

        if (pause_tell(pause->inner, ".", true, err) < 0)
                return -1;
        for (int i = 0; i < PAUSE_ROUNDS; i++) {
                int result = pause_step(pause, err);

                if (result != 0)
                        return result < 0 ? -1 : 0;
                nanosleep(&step, NULL);
        }
        return error_set(err, EAGAIN,
                         "container '%s' is not paused: a process of it cannot be stopped now, as "
                         "one that waits for a file system that does not answer",
                         state->name);
}

/* One by one they go on; what those start begins outside. */
static int pause_thaw(struct pause *pause, struct error *err)
{
        struct pause_below below = { .freeze = false };

        while (pause_move(pause->inner, pause->group, NULL, NULL) > 0)
                continue;
        /* Where they cannot go back, they can go on. */
        if (unlinkat(pause->group, PAUSE_GROUP, AT_REMOVEDIR) < 0 && errno != ENOENT &&
            pause_tell(pause->inner, ".", false, err) < 0)
                return -1;
        return io_each_name(pause->group, ".", pause_tell_below, &below, err);
}

static int pause_open_inner(struct pause *pause)
{
        pause->inner = openat(pause->group, PAUSE_GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return pause->inner;
}

static int pause_lock(int group, struct error *err)
{
        while (flock(group, LOCK_EX) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot lock a control group");
        return 0;
}

/* In a unit, it is the unit's; else the runtime has made one, which has the id in its name. */
static int pause_check_group(const struct container_state *state, struct error *err)
{
        if (state->cgroup && (state->unit || strstr(state->cgroup, state->id)))
                return 0;
        return error_set(err, EINVAL,
                         "container '%s' has no control group of its own, and cannot be paused "
                         "without what is beside it",
                         state->name);
}

int pause_begin(const struct container_state *state, struct error *err)
{
        CLEANUP(pause_close) struct pause pause = PAUSE_NONE;

        if (pause_check_group(state, err) < 0 ||
            (pause.group = cgroup_open(state->cgroup, err)) < 0 ||
            pause_lock(pause.group, err) < 0 || pause_find_namespaces(&pause, state, err) < 0)
                return -1;
        if (faccessat(pause.group, "cgroup.freeze", W_OK, 0) < 0)
                return error_set(err, ENOTSUP,
                                 "container '%s' cannot be paused: its control group is none of "
                                 "the unified hierarchy",
                                 state->name);
        if (mkdirat(pause.group, PAUSE_GROUP, 0755) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make a control group in %s", state->cgroup);
        if (pause_open_inner(&pause) < 0)
                return error_errno(err, errno, "cannot open %s/" PAUSE_GROUP, state->cgroup);
        if (pause_freeze(&pause, state, err) == 0)
                return 0;
        pause_thaw(&pause, NULL);
        return -1;
}

int pause_end(const struct container_state *state, struct error *err)
{
        CLEANUP(pause_close) struct pause pause = PAUSE_NONE;

        pause.group = state->cgroup ? cgroup_open(state->cgroup, NULL) : -1;
        if (pause.group < 0 || faccessat(pause.group, PAUSE_GROUP, F_OK, 0) < 0)
                return 0;
        if (pause_lock(pause.group, err) < 0)
                return -1;
        return pause_open_inner(&pause) < 0 ? 0 : pause_thaw(&pause, err);
}

bool pause_is_on(const struct container_state *state)
{
        AUTO_CLOSE int group = state->cgroup ? cgroup_open(state->cgroup, NULL) : -1;

        return group >= 0 && (pause_is_told(group, PAUSE_GROUP) || pause_stands_still(group, "."));
}

int pause_refuse(const struct container_state *state, struct error *err)
{
        if (!pause_is_on(state))
                return 0;
        return error_set(err, EAGAIN, "container '%s' is paused: `crunit unpause %s` first",
                         state->name, state->name);
}
