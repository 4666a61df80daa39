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

/* Its end without a word says no. Where nobody waits for it any longer, there is still who has to
 * be guarded. */
static void guard_offer_network(int fd)
{
        ssize_t n = 0;

        if (guard_enter_network())
                n = write(fd, "", 1);
        (void)n;
        close(fd);
}

/* The whole life of the guard, but for the network. */
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

static int guard_pipe(int *ret_read, int *ret_write, struct error *err)
{
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        *ret_read = ends[0];
        *ret_write = ends[1];
        return 0;
}

int guard_start(bool network, struct guard *ret, struct error *err)
{
        AUTO_CLOSE int watched = -1, alive = -1, heard = -1, offer = -1;
        pid_t pid;

        if (guard_pipe(&watched, &alive, err) < 0 ||
            (network && guard_pipe(&heard, &offer, err) < 0))
                return -1;
        pid = fork();
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        if (pid == 0) {
                close(alive);
                if (network) {
                        close(heard);
                        guard_offer_network(offer);
                }
                guard_watch(watched);
                _exit(EXIT_SUCCESS);
        }
        *ret = (struct guard){ .alive = steal_fd(&alive), .offer = steal_fd(&heard), .pid = pid };
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
