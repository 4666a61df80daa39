/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "interrupt.h"

#include <errno.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>

static const int interrupt_signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

enum {
        INTERRUPT_COUNT = sizeof interrupt_signals / sizeof *interrupt_signals
};

static void interrupt_set(sigset_t *set)
{
        sigemptyset(set);
        for (size_t i = 0; i < INTERRUPT_COUNT; i++)
                sigaddset(set, interrupt_signals[i]);
}

void interrupt_block(sigset_t *ret_old)
{
        sigset_t set;

        interrupt_set(&set);
        sigaddset(&set, SIGPIPE);
        sigprocmask(SIG_BLOCK, &set, ret_old);
}

int interrupt_check(struct error *err)
{
        sigset_t pending;

        sigpending(&pending);
        for (size_t i = 0; i < INTERRUPT_COUNT; i++)
                if (sigismember(&pending, interrupt_signals[i]))
                        return error_set(err, EINTR, "stopped while starting");
        return 0;
}

int interrupt_take(void)
{
        static const struct timespec now = { 0 };
        sigset_t set;
        int signo;

        interrupt_set(&set);
        signo = sigtimedwait(&set, NULL, &now);
        return signo > 0 ? signo : 0;
}

int interrupt_fd(struct error *err)
{
        sigset_t set;
        int fd;

        interrupt_set(&set);
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd >= 0 ? fd : error_errno(err, errno, "cannot make a signalfd");
}
