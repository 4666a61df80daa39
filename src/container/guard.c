/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard.h"

#include "../base/cleanup.h"
#include "../base/str.h"
#include "cgroup.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
        GUARD_PATIENCE = 1000, /* milliseconds for a network; it takes less than one */
};

/* A network of its own, with nothing but its loopback. */
static bool guard_enter_network(void)
{
        struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
        AUTO_CLOSE int fd = -1;

        if (unshare(CLONE_NEWNET) < 0)
                return false;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &up) == 0;
}

/* Its end without a word says no. */
static void guard_offer_network(int fd)
{
        if (guard_enter_network() && write(fd, "", 1) < 0)
                _exit(EXIT_FAILURE);
        close(fd);
}

static void guard_watch(int fd)
{
        char byte;
        ssize_t n;

        do
                n = read(fd, &byte, 1);
        while (n < 0 && errno == EINTR);
        if (n == 0)
                cgroup_kill_own();
}

int guard_start(bool network, struct guard *ret, struct error *err)
{
        int ends[2], offer[2] = { -1, -1 };
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0 || (network && pipe2(offer, O_CLOEXEC) < 0))
                return error_errno(err, errno, "cannot make a pipe");
        pid = fork();
        if (pid == 0) {
                close(ends[1]);
                if (network) {
                        close(offer[0]);
                        guard_offer_network(offer[1]);
                }
                guard_watch(ends[0]);
                _exit(EXIT_SUCCESS);
        }
        close(ends[0]);
        cleanup_close(&offer[1]);
        *ret = (struct guard){ .alive = ends[1], .offer = offer[0], .pid = pid };
        if (pid < 0) {
                int code = errno;

                cleanup_close(&ret->alive);
                cleanup_close(&ret->offer);
                *ret = GUARD_NONE;
                return error_errno(err, code, "cannot fork");
        }
        return 0;
}

char *guard_take_network(struct guard *guard)
{
        struct pollfd event = { .fd = guard->offer, .events = POLLIN };
        char *path = NULL;
        char byte;

        if (guard->offer < 0)
                return NULL;
        if (poll(&event, 1, GUARD_PATIENCE) == 1 && read(guard->offer, &byte, 1) == 1)
                path = str_format("/proc/%d/ns/net", (int)guard->pid);
        cleanup_close(&guard->offer);
        guard->offer = -1;
        return path;
}

void guard_release(struct guard *guard)
{
        ssize_t n = 0;

        if (guard->alive >= 0)
                n = write(guard->alive, "", 1);
        (void)n; /* a guard that is gone guards nothing */
        cleanup_close(&guard->alive);
        cleanup_close(&guard->offer);
        *guard = GUARD_NONE;
}
