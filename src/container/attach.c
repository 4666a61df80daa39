/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach.h"

#include "../base/cleanup.h"
#include "../base/io.h"
#include "console.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

static const int attach_signals[] = { SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGUSR1,
                                      SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGWINCH };

enum {
        ATTACH_SIGNALS = sizeof attach_signals / sizeof *attach_signals,
        ATTACH_CHUNK = 4096,
};

/* Our own terminal in raw mode, and back. */
struct attach_raw {
        struct termios before;
        bool changed;
};

static void attach_signal_set(sigset_t *set)
{
        sigemptyset(set);
        for (size_t i = 0; i < ATTACH_SIGNALS; i++)
                sigaddset(set, attach_signals[i]);
}

void attach_block_signals(void)
{
        sigset_t set;

        attach_signal_set(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
}

static void attach_raw_end(struct attach_raw *raw)
{
        if (raw->changed)
                tcsetattr(STDIN_FILENO, TCSADRAIN, &raw->before);
}

static void attach_raw_begin(struct attach_raw *raw)
{
        struct termios now;

        if (tcgetattr(STDIN_FILENO, &raw->before) < 0)
                return;
        now = raw->before;
        cfmakeraw(&now);
        raw->changed = tcsetattr(STDIN_FILENO, TCSADRAIN, &now) == 0;
}

static void attach_forward(const struct attach *attach, int pidfd, int signo)
{
        bool ends = signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGQUIT;

        if (signo == SIGWINCH && attach->master >= 0)
                console_resize(attach->master);
        if (signo == SIGALRM && attach->timeout)
                signo = SIGKILL;
        if (signo == SIGTERM && attach->stop_signal)
                signo = attach->stop_signal;
        if (ends && !process_pid_takes_signal(attach->init.pid, signo))
                signo = SIGKILL;
        process_signal(pidfd, signo);
}

/* One piece from one descriptor to another; false at the end. */
static bool attach_copy(int from, int to)
{
        char piece[ATTACH_CHUNK];
        ssize_t n = read(from, piece, sizeof piece);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return true;
        return n > 0 && io_write_all(to, piece, (size_t)n) == 0;
}

static void attach_take_signals(const struct attach *attach, int signals, int pidfd)
{
        struct signalfd_siginfo info;

        while (read(signals, &info, sizeof info) == sizeof info)
                attach_forward(attach, pidfd, (int)info.ssi_signo);
}

/* What was typed and is not with the container yet. It may write before it reads: whoever waits for
 * one of them alone waits for ever. */
struct attach_typed {
        char text[ATTACH_CHUNK];
        size_t length, done;
        bool ended;
};

/* stdin at its end: the terminal's own sign for it goes to the container. */
static void attach_read_typed(struct attach_typed *typed)
{
        static const char end_of_file = 4;
        ssize_t n = read(STDIN_FILENO, typed->text, sizeof typed->text);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        typed->ended = n <= 0;
        if (typed->ended)
                typed->text[0] = end_of_file;
        typed->length = typed->ended ? 1 : (size_t)n;
}

static void attach_write_typed(struct attach_typed *typed, int master)
{
        ssize_t n = write(master, typed->text + typed->done, typed->length - typed->done);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        typed->done += n < 0 ? typed->length - typed->done : (size_t)n;
        if (typed->done == typed->length)
                typed->done = typed->length = 0;
}

/* Until the init has ended and its terminal is empty. */
static int attach_loop(const struct attach *attach, int pidfd, int signals, struct error *err)
{
        bool typing = attach->interactive && attach->master >= 0;
        struct attach_typed typed = { .ended = !typing };
        struct pollfd events[] = {
                { .fd = pidfd, .events = POLLIN },
                { .fd = signals, .events = POLLIN },
                { .fd = attach->master, .events = POLLIN },
                { .fd = -1, .events = POLLIN },
        };

        while (events[0].fd >= 0) {
                events[2].events = (short)(typed.length ? POLLIN | POLLOUT : POLLIN);
                events[3].fd = typed.ended || typed.length ? -1 : STDIN_FILENO;
                if (poll(events, 4, -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return error_errno(err, errno, "cannot wait for the container");
                }
                if (events[1].revents)
                        attach_take_signals(attach, signals, pidfd);
                if (events[3].revents)
                        attach_read_typed(&typed);
                if (events[2].revents & POLLOUT)
                        attach_write_typed(&typed, attach->master);
                if (events[2].revents & ~POLLOUT && !attach_copy(attach->master, STDOUT_FILENO))
                        events[2].fd = -1;
                /* The last output first. */
                else if (events[0].revents && !(events[2].revents & POLLIN))
                        events[0].fd = -1;
                if (events[2].fd < 0 && events[0].revents)
                        events[0].fd = -1;
        }
        return 0;
}

int attach_wait(const struct attach *attach, int *ret_status, struct error *err)
{
        AUTO_CLOSE int pidfd = process_open(&attach->init);
        CLEANUP(attach_raw_end) struct attach_raw raw = { .changed = false };
        AUTO_CLOSE int signals = -1;
        sigset_t set;
        int status;

        attach_signal_set(&set);
        signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0)
                return error_errno(err, errno, "cannot make a signalfd");
        if (attach->master >= 0) {
                fcntl(attach->master, F_SETFL, O_RDWR | O_NONBLOCK);
                console_resize(attach->master);
                if (attach->interactive)
                        attach_raw_begin(&raw);
        }
        if (attach->timeout)
                alarm(attach->timeout);
        /* Without a descriptor it has ended already. */
        if (pidfd >= 0 && attach_loop(attach, pidfd, signals, err) < 0)
                return -1;
        while (waitpid(attach->init.pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot get the container's exit status");
        *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        return 0;
}
