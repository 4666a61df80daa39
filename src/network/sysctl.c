/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sysctl.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>

static int sysctl_open(const char *name, int flags)
{
        AUTO_FREE char *path = str_concat("/proc/sys/", name);

        return open(path, flags | O_CLOEXEC);
}

/* Its value without the end of line; "" where it cannot be read. */
static void sysctl_read(int fd, char *buffer, size_t size)
{
        ssize_t length = pread(fd, buffer, size - 1, 0);

        buffer[length > 0 ? length : 0] = '\0';
        buffer[strcspn(buffer, "\n")] = '\0';
}

int sysctl_set(const char *name, const char *value, struct error *err)
{
        AUTO_CLOSE int fd = sysctl_open(name, O_RDONLY);
        AUTO_CLOSE int out = -1;
        char now[64];

        if (fd < 0)
                return error_errno(err, errno, "cannot read the kernel setting %s", name);
        sysctl_read(fd, now, sizeof now);
        if (str_equal(now, value))
                return 0;
        out = sysctl_open(name, O_WRONLY);
        if (out < 0 || write(out, value, strlen(value)) < 0)
                return error_errno(err, errno, "cannot set the kernel setting %s to %s", name,
                                   value);
        return 1;
}

static const char *sysctl_family(int family)
{
        return family == AF_INET ? "ipv4" : "ipv6";
}

int sysctl_set_interface(int family, const char *interface, const char *name, const char *value,
                         struct error *err)
{
        AUTO_FREE char *path =
                str_format("net/%s/conf/%s/%s", sysctl_family(family), interface, name);
        AUTO_ERROR struct error failed = { 0 };
        int result = sysctl_set(path, value, &failed);

        if (result < 0 && failed.code == ENOENT)
                return 0;
        return result < 0 ? error_set(err, failed.code, "%s", failed.message) : result;
}

/* A machine that forwards no longer listens to routers, unless it is told to (2). */
static int sysctl_keep_routers(struct strv *notes, struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = opendir("/proc/sys/net/ipv6/conf");
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                AUTO_FREE char *name = str_format("net/ipv6/conf/%s/accept_ra", entry->d_name);
                AUTO_CLOSE int fd = sysctl_open(name, O_RDONLY);
                char now[64];

                if (entry->d_name[0] == '.' || fd < 0)
                        continue;
                sysctl_read(fd, now, sizeof now);
                if (!str_equal(now, "1"))
                        continue;
                if (sysctl_set(name, "2", err) < 0)
                        return -1;
                /* Of those to come; the interfaces there are follow from it. */
                if (str_equal(entry->d_name, "default"))
                        strv_append(notes, "set the kernel setting net.ipv6.conf.*.accept_ra from "
                                           "1 to 2, so that a machine that forwards still learns "
                                           "its routes");
        }
        return 0;
}

int sysctl_forward(int family, struct strv *notes, struct error *err)
{
        const char *name =
                family == AF_INET ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding";
        AUTO_CLOSE int fd = sysctl_open(name, O_RDONLY);
        AUTO_FREE char *shown = str_dup(name);
        char now[64];
        int result;

        for (char *c = shown; *c; c++)
                if (*c == '/')
                        *c = '.';
        if (fd < 0)
                return error_errno(err, errno, "this kernel has no %s", shown);
        sysctl_read(fd, now, sizeof now);
        if (str_equal(now, "1"))
                return 0;
        if (family == AF_INET6 && sysctl_keep_routers(notes, err) < 0)
                return -1;
        result = sysctl_set(name, "1", err);
        if (result > 0)
                strv_appendf(notes,
                             "set the kernel setting %s to 1: containers' packets are "
                             "forwarded",
                             shown);
        return result < 0 ? -1 : 0;
}
