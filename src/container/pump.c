/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pump.h"

#include "../base/cleanup.h"
#include "../base/str.h"
#include "process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>

enum {
        PUMP_PATIENCE = 5000, /* milliseconds until we no longer wait for the last line */
        PUMP_BEGIN = 3,       /* where the pump waits for its begin; see crunit-log.c */
};

bool pump_is_needed(void)
{
        struct stat st;

        return fstat(STDOUT_FILENO, &st) == 0 && S_ISSOCK(st.st_mode);
}

int pump_open(struct pump *ret, struct error *err)
{
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make the log's pipe");
        *ret = (struct pump){ .read = ends[0], .write = ends[1], .begin = -1 };
        return 0;
}

int pump_give(const struct pump *pump, uid_t uid, gid_t gid, struct error *err)
{
        if (pump->write >= 0 && fchown(pump->write, uid, gid) < 0)
                return error_errno(err, errno, "cannot give the log's pipe to the container");
        return 0;
}

/* What the pump becomes at the end; all it gets of our environment is what tells where things are.
 */
static void pump_command(const char *run, const char *data, struct strv *args,
                         struct strv *environment)
{
        char self[PATH_MAX];
        ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

        strv_append(args, "crunit-log");
        if (!data || length <= 0)
                return;
        self[length] = '\0';
        strv_append(args, data);
        strv_append(args, self);
        strv_append(args, "cleanup");
        strv_append(args, run);
        strv_append(args, data);
        for (char **item = environ; *item; item++)
                if (str_has_prefix(*item, "CRUNIT_"))
                        strv_append(environment, *item);
}

static int pump_spawn(const struct pump *pump, int begin, const char *path, char *const *args,
                      char *const *environment, pid_t *ret_pid)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t all;
        int result;

        sigfillset(&all);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, &all);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pump->read, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, begin, PUMP_BEGIN);
        /* Everything but these is closed by its flag; stderr is the journal as well. */
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
        result = posix_spawn(ret_pid, path, &actions, &attributes, args, environment);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return result;
}

int pump_prepare(struct pump *pump, const char *run, const char *data_or_null, struct error *err)
{
        static char *const nothing[] = { NULL };
        const char *directory = getenv("CRUNIT_LIBEXECDIR");
        AUTO_FREE char *path = str_format("%s/crunit-log", directory ? directory : LIBEXECDIR);
        AUTO_STRV struct strv args = { 0 }, environment = { 0 };
        AUTO_CLOSE int read = -1;
        int ends[2], result;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make the log's pipe");
        read = ends[0];
        pump->begin = ends[1];
        pump_command(run, data_or_null, &args, &environment);
        result = pump_spawn(pump, read, path, args.items,
                            environment.items ? environment.items : nothing, &pump->pid);
        if (result != 0) {
                pump->pid = 0;
                return error_errno(err, result, "cannot execute %s", path);
        }
        return 0;
}

int pump_start(struct pump *pump, struct error *err)
{
        if (write(pump->begin, "", 1) != 1)
                return error_errno(err, errno, "the log pump is gone");
        cleanup_close(&pump->begin);
        cleanup_close(&pump->read);
        cleanup_close(&pump->write);
        pump->begin = pump->read = pump->write = -1;
        return 0;
}

void pump_wait(const struct pump *pump)
{
        struct process_id id;
        AUTO_CLOSE int fd = -1;

        if (!pump->pid || process_identify(pump->pid, &id, NULL) < 0)
                return;
        fd = process_open(&id);
        if (fd >= 0)
                process_wait(fd, PUMP_PATIENCE);
}

void pump_close(struct pump *pump)
{
        cleanup_close(&pump->read);
        cleanup_close(&pump->write);
        cleanup_close(&pump->begin);
        *pump = PUMP_NONE;
}
