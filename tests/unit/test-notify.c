/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/cleanup.h"
#include "src/base/notify.h"
#include "src/base/str.h"
#include "tests/tap.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        TEST_PATIENCE = 60 * 1000 /* milliseconds, for a slow machine */
};

/* The manager's end, bound to what NOTIFY_SOCKET will say. */
static int listen_at(const char *name)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        strcpy(address.sun_path, name);
        if (name[0] == '@')
                address.sun_path[0] = '\0';
        else
                length++;
        if (bind(fd, (struct sockaddr *)&address, length) < 0)
                return -1;
        setenv("NOTIFY_SOCKET", name, 1);
        return fd;
}

/* The next message; what comes with it is closed, as the manager does. Owned. */
static char *receive(int fd)
{
        union {
                char room[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control;
        char text[256];
        struct iovec data = { text, sizeof text - 1 };
        struct msghdr message = { .msg_iov = &data,
                                  .msg_iovlen = 1,
                                  .msg_control = control.room,
                                  .msg_controllen = sizeof control.room };
        ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        int carried;

        if (length < 0)
                return NULL;
        text[length] = '\0';
        if (header && header->cmsg_type == SCM_RIGHTS) {
                memcpy(&carried, CMSG_DATA(header), sizeof carried);
                close(carried);
                return str_concat(text, " with a descriptor");
        }
        return str_dup(text);
}

static void test_messages(const char *name, const char *what)
{
        AUTO_CLOSE int fd = listen_at(name);
        AUTO_FREE char *first = NULL, *second = NULL;

        check(fd >= 0, what);
        check(notify_send("READY=1") == 1, "a message is sent");
        check(notify_sendf("MAINPID=%d\n%s", 7, "STATUS=up") == 1, "and one that is formatted");
        first = receive(fd);
        second = receive(fd);
        check_str(first, "READY=1", "the first comes");
        check_str(second, "MAINPID=7\nSTATUS=up", "the second comes");
}

static bool receives(int fd, const char *wanted)
{
        AUTO_FREE char *got = receive(fd);

        return str_equal(got, wanted);
}

static void test_wait(const char *name)
{
        AUTO_CLOSE int fd = listen_at(name);
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(receives(fd, "BARRIER=1 with a descriptor") ? 0 : 1);
        check(notify_wait(TEST_PATIENCE) == 1, "a manager that has read all is waited for");
        check(waitpid(pid, &status, 0) == pid && status == 0, "it has got a descriptor to close");
        check(notify_wait(1) < 0 && errno == ETIMEDOUT, "one that does not read is not");
}

static void test_nobody(const char *name)
{
        AUTO_FREE char *lengthy = str_format("/%0200d", 1);

        check(notify_send("READY=1") < 0 && errno == ECONNREFUSED, "nobody is at the other end");
        unlink(name);
        check(notify_send("READY=1") < 0 && errno == ENOENT, "there is no other end");
        setenv("NOTIFY_SOCKET", lengthy, 1);
        check(notify_send("READY=1") == 0, "a path too long is none");
        setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
        check(notify_send("READY=1") == 0, "another kind of socket is none");
        unsetenv("NOTIFY_SOCKET");
        check(notify_send("READY=1") == 0, "nobody asks");
        check(notify_wait(1) == 0, "and nobody is waited for");
}

int main(void)
{
        char directory[] = "/tmp/test-notify.XXXXXX";
        char path[64], abstract[64]; /* nothing that a child could leave unfreed */

        check(mkdtemp(directory) != NULL, "there is a directory");
        snprintf(path, sizeof path, "%s/notify", directory);
        snprintf(abstract, sizeof abstract, "@test-notify-%d", (int)getpid());
        test_messages(path, "a path is listened at");
        unlink(path);
        test_messages(abstract, "an abstract name is listened at");
        test_wait(path);
        test_nobody(path);
        rmdir(directory);
        return tap_done();
}
