/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orphan.h"

#include "../base/io.h"
#include "../base/str.h"
#include "process.h"

#include <signal.h>

enum {
        ORPHAN_ARGUMENTS_MAX = 64 * 1024,
        ORPHAN_KILL_WAIT = 5000, /* milliseconds */
};

/* The second argument says where crun's root is (crun_command()). */
static bool orphan_is_one(int proc, const char *pid, const char *root)
{
        AUTO_FREE char *path = str_format("%s/cmdline", pid), *text = NULL;
        size_t length, first;

        if (io_read_file(proc, path, ORPHAN_ARGUMENTS_MAX, &text, &length, NULL) < 0)
                return false;
        first = strlen(text) + 1;
        return first < length && str_equal(text + first, root);
}

/* An io_name_function. */
static int orphan_look(int proc, const char *name, void *context, struct error *err)
{
        const char *root = context;
        struct process_id id;
        unsigned long long pid;

        (void)err;
        if (!str_to_u64(name, INT32_MAX, &pid) || process_identify((pid_t)pid, &id, NULL) < 0 ||
            !orphan_is_one(proc, name, root))
                return 0;
        AUTO_CLOSE int pidfd = process_open(&id);

        if (pidfd >= 0 && process_signal(pidfd, SIGKILL) == 0)
                process_wait(pidfd, ORPHAN_KILL_WAIT);
        return 0;
}

void orphan_kill(const char *run)
{
        AUTO_FREE char *root = str_format("--root=%s/crun", run);

        io_each_name(AT_FDCWD, "/proc", orphan_look, root, NULL);
}
