/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal.h"

#include <endian.h>
#include <linux/sockios.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* NAME=VALUE and a newline; with newlines in the value NAME, a newline, its length in eight bytes
 * (little endian), the value, and a newline. */
static void journal_add(struct strbuf *buf, const char *field)
{
        const char *value = strchr(field, '=');
        uint64_t length;

        if (!value || value == field)
                return;
        value++;
        if (!strchr(value, '\n')) {
                strbuf_append(buf, field);
        } else {
                length = htole64(strlen(value));
                strbuf_append_n(buf, field, (size_t)(value - 1 - field));
                strbuf_append_char(buf, '\n');
                strbuf_append_n(buf, &length, sizeof length);
                strbuf_append(buf, value);
        }
        strbuf_append_char(buf, '\n');
}

void journal_format(const struct strv *fields, struct strbuf *ret)
{
        for (size_t i = 0; i < fields->count; i++)
                journal_add(ret, fields->items[i]);
}

void journal_wait_taken(int fd)
{
        static const struct timespec step = { .tv_nsec = 2000000 };
        int untaken;

        for (int steps = 0; steps < 50; steps++) {
                bool taken = ioctl(fd, SIOCOUTQ, &untaken) < 0 || untaken == 0;

                nanosleep(&step, NULL);
                if (taken)
                        return;
        }
}

void journal_send(const struct strv *fields)
{
        const struct sockaddr_un address = { .sun_family = AF_UNIX,
                                             .sun_path = "/run/systemd/journal/socket" };
        AUTO_STRBUF struct strbuf entry = { 0 };
        const struct timeval patience = { .tv_sec = 2 };
        AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        journal_format(fields, &entry);
        if (fd >= 0 && entry.length &&
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
            sendto(fd, entry.data, entry.length, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                   sizeof address) >= 0)
                journal_wait_taken(fd);
}
