/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "console.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
        CONSOLE_WAIT = 10 * 1000 /* milliseconds; crun has sent it before it ends */
};

void console_close(struct console *console)
{
        cleanup_close(&console->socket);
        cleanup_close(&console->master);
        if (console->path)
                unlink(console->path);
        free(console->path);
        *console = (struct console){ -1, -1, NULL };
}

int console_listen(const char *run, struct console *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/tty", run);
        AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof address.sun_path)
                return error_set(err, ENAMETOOLONG,
                                 "%s is too long for a socket: give the container a shorter name",
                                 path);
        memcpy(address.sun_path, path, strlen(path));
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
            listen(fd, 1) < 0)
                return error_errno(err, errno, "cannot listen at %s", path);
        *ret = (struct console){ steal_fd(&fd), -1, steal_str(&path) };
        return 0;
}

static int console_receive_fd(int connection)
{
        char byte[256]; /* the terminal's name comes with it */
        struct iovec data = { .iov_base = byte, .iov_len = sizeof byte };
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr message = {
                .msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof control,
        };
        struct cmsghdr *header;
        int fd;

        if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) <= 0)
                return -1;
        header = CMSG_FIRSTHDR(&message);
        errno = EPROTO;
        if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
            header->cmsg_len != CMSG_LEN(sizeof fd))
                return -1;
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
        return fd;
}

int console_receive(struct console *console, struct error *err)
{
        struct pollfd wait = { .fd = console->socket, .events = POLLIN };
        AUTO_CLOSE int connection = -1;

        if (poll(&wait, 1, CONSOLE_WAIT) <= 0)
                return error_set(err, ETIMEDOUT, "crun has sent no terminal");
        connection = accept4(console->socket, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0 || (console->master = console_receive_fd(connection)) < 0)
                return error_errno(err, errno, "cannot take over the terminal");
        unlink(console->path);
        return 0;
}

void console_resize(int master)
{
        struct winsize size;

        if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
                ioctl(master, TIOCSWINSZ, &size);
}
