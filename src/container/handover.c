/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "handover.h"

#include "../base/io.h"
#include "../base/notify.h"
#include "../base/str.h"
#include "crun.h"
#include "interrupt.h"
#include "process.h"

#include <time.h>

enum {
        HANDOVER_BARRIER = 10 * 1000, /* milliseconds systemd may take to answer */
        HANDOVER_OPEN = 10000,        /* milliseconds for the init to get to its fifo */
        HANDOVER_SEEN = 5000,         /* milliseconds others wait for the start */
        HANDOVER_STEP = 1000 * 1000,  /* nanoseconds between looks */
};

bool handover_possible(void)
{
        return !str_empty(getenv("NOTIFY_SOCKET"));
}

int handover_main_process(pid_t init, const char *state, struct error *err)
{
        int result = notify_sendf("MAINPID=%d\n%s", (int)init, state);

        if (result == 0)
                return error_set(err, EINVAL, "NOTIFY_SOCKET is not set");
        if (result < 0)
                return error_errno(err, errno, "cannot tell systemd the main process");
        /* A manager that does not answer has still got the message. */
        notify_wait(HANDOVER_BARRIER);
        return 0;
}

static void handover_pause(void)
{
        static const struct timespec step = { .tv_nsec = HANDOVER_STEP };

        nanosleep(&step, NULL);
}

static char *handover_fifo(const char *crun_root, const char *id)
{
        return str_format("%s/%s/exec.fifo", crun_root, id);
}

/* The write end, as soon as the init waits at the other: opened earlier it gives ENXIO. */
static int handover_open_fifo(const char *path, int pidfd, struct error *err)
{
        for (int waited = 0; waited < HANDOVER_OPEN; waited++) {
                int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

                if (fd >= 0)
                        return fd;
                if (errno != ENXIO)
                        return error_errno(err, errno, "cannot open %s", path);
                if (process_wait(pidfd, 1) != 0)
                        return error_set(err, ESRCH, "the container ended before it was started");
                if (interrupt_check(err) < 0)
                        return -1;
        }
        return error_set(err, ETIMEDOUT, "the container does not come to its start");
}

static int handover_crun_start(const struct crun *crun, struct error *err)
{
        AUTO_STRV struct strv args = { 0 };
        AUTO_FREE char *message = NULL;
        int status;

        crun_command(crun, "start", &args);
        strv_append(&args, crun->id);
        status = crun_run_quiet(crun, &args, err);
        if (status <= 0)
                return status;
        message = crun_last_error(crun);
        return error_set(err, 0, "crun start: %s", message ? message : "failed");
}

int handover_start(const struct crun *crun, pid_t init, struct error *err)
{
        AUTO_FREE char *path = handover_fifo(crun->root, crun->id);
        struct process_id id;
        AUTO_CLOSE int pidfd = -1, fifo = -1;

        if (access(path, F_OK) < 0 && errno == ENOENT)
                return handover_crun_start(crun, err);
        if (process_identify(init, &id, err) < 0)
                return -1;
        pidfd = process_open(&id);
        if (pidfd < 0)
                return error_set(err, ESRCH, "the container ended before it was started");
        fifo = handover_open_fifo(path, pidfd, err);
        if (fifo < 0)
                return -1;
        if (unlink(path) < 0)
                return error_errno(err, errno, "cannot remove %s", path);
        if (io_write_all(fifo, "", 1) < 0)
                return error_errno(err, errno, "cannot start the container");
        return 0;
}

void handover_wait_started(const char *crun_root, const char *id)
{
        AUTO_FREE char *path = handover_fifo(crun_root, id);

        for (int waited = 0; waited < HANDOVER_SEEN && access(path, F_OK) == 0; waited++)
                handover_pause();
}
