/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify.h"

#include "cleanup.h"
#include "str.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

bool notify_booted(void)
{
        return access("/run/systemd/system/", F_OK) == 0;
}

/* Where to; 0 without. */
static socklen_t notify_address(struct sockaddr_un *ret)
{
        const char *name = getenv("NOTIFY_SOCKET");
        size_t length = name ? strlen(name) : 0;

        if (length < 2 || length >= sizeof ret->sun_path || (name[0] != '/' && name[0] != '@'))
                return 0;
        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        memcpy(ret->sun_path, name, length);
        if (name[0] == '@')
                ret->sun_path[0] = '\0';
        else
                length++;
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* fd: a descriptor that goes with it, or -1. */
static int notify_message(const char *text, int fd)
{
        union {
                char room[CMSG_SPACE(sizeof fd)];
                struct cmsghdr align;
        } control = { .room = "" };
        struct iovec data = { (void *)text, strlen(text) };
        struct sockaddr_un address;
        struct msghdr message = { .msg_name = &address,
                                  .msg_namelen = notify_address(&address),
                                  .msg_iov = &data,
                                  .msg_iovlen = 1 };
        AUTO_CLOSE int socket_fd = -1;

        if (!message.msg_namelen)
                return 0;
        if (fd >= 0) {
                control.align.cmsg_level = SOL_SOCKET;
                control.align.cmsg_type = SCM_RIGHTS;
                control.align.cmsg_len = CMSG_LEN(sizeof fd);
                memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
                message.msg_control = control.room;
                message.msg_controllen = sizeof control.room;
        }
        socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (socket_fd < 0 || sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0)
                return -1;
        return 1;
}

int notify_send(const char *text)
{
        return notify_message(text, -1);
}

int notify_sendf(const char *format, ...)
{
        AUTO_FREE char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = str_vformat(format, arguments);
        va_end(arguments);
        return notify_send(text);
}

int notify_wait(int timeout)
{
        AUTO_CLOSE int read = -1, write = -1;
        struct pollfd event = { 0 };
        int ends[2], result;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        read = ends[0];
        write = ends[1];
        result = notify_message("BARRIER=1", write);
        if (result <= 0)
                return result;
        /* It closes its end when it has come so far. */
        cleanup_close(&write);
        write = -1;
        event.fd = read;
        do
                result = poll(&event, 1, timeout);
        while (result < 0 && errno == EINTR);
        if (result == 0)
                errno = ETIMEDOUT;
        return result > 0 ? 1 : -1;
}
