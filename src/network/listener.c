/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listener.h"

#include "../base/io.h"
#include "../base/str.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
        LISTENER_TABLE_MAX = 16 * 1024 * 1024,
        LISTENER_NAME_MAX = 4096,
        LISTENER_LISTENS = 0x0a, /* TCP_LISTEN in the tables of /proc/net */
};

static int listener_bind_to(int fd, const struct address *address, uint16_t port)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        bool is_v4 = address->family == AF_INET;

        memcpy(&v4.sin_addr, address->bytes, sizeof v4.sin_addr);
        memcpy(&v6.sin6_addr, address->bytes, sizeof v6.sin6_addr);
        return bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                    is_v4 ? sizeof v4 : sizeof v6);
}

/* A socket bound to that address of the host; -1 with errno. */
static int listener_bind(unsigned char protocol, const struct address *address, uint16_t port)
{
        bool is_v4 = address->family == AF_INET;
        int one = 1;
        AUTO_CLOSE int fd = socket(
                address->family,
                (protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, protocol);

        if (fd < 0)
                return -1;
        /* Connections that are over are in nobody's way, nor is an address that comes later. */
        if (protocol == IPPROTO_TCP)
                setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_FREEBIND : IPV6_FREEBIND, &one,
                   sizeof one);
        if (!is_v4)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
        return listener_bind_to(fd, address, port) < 0 ? -1 : steal_fd(&fd);
}

bool listener_has_address(const struct address *address)
{
        AUTO_CLOSE int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd < 0 || listener_bind_to(fd, address, 0) == 0 || errno != EADDRNOTAVAIL;
}

/* --- who it is, once it is known that somebody is */

/* The inode of a socket with that local port in a table of /proc/net; 0 where there is none. */
static unsigned long listener_find_inode(const char *table, unsigned char protocol, uint16_t port)
{
        AUTO_FREE char *path = str_format("/proc/net/%s", table);
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv lines = { 0 };

        if (io_read_file(AT_FDCWD, path, LISTENER_TABLE_MAX, &text, NULL, NULL) < 0)
                return 0;
        strv_split(&lines, text, "\n", false);
        for (size_t i = 1; i < lines.count; i++) {
                unsigned local = 0, state = 0;
                unsigned long inode = 0;

                if (sscanf(lines.items[i],
                           " %*d: %*[0-9A-F]:%X %*[0-9A-F]:%*X %X %*s %*s %*s %*u %*u %lu", &local,
                           &state, &inode) == 3 &&
                    local == port && (protocol != IPPROTO_TCP || state == LISTENER_LISTENS))
                        return inode;
        }
        return 0;
}

/* Whether a process has this socket. */
static bool listener_has(const char *pid, const char *wanted)
{
        AUTO_FREE char *path = str_format("/proc/%s/fd", pid);
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;
        char target[64];

        while (dir && (entry = readdir(dir))) {
                ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

                target[length > 0 ? length : 0] = '\0';
                if (str_equal(target, wanted))
                        return true;
        }
        return false;
}

/* "nginx (pid 12)"; NULL where it cannot be found. Owned by the caller. */
static char *listener_find_process(unsigned long inode)
{
        AUTO_FREE char *wanted = str_format("socket:[%lu]", inode);
        AUTO_CLOSEDIR DIR *dir = opendir("/proc");
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                AUTO_FREE char *file = NULL, *name = NULL;

                if (entry->d_name[strspn(entry->d_name, "0123456789")] ||
                    !listener_has(entry->d_name, wanted))
                        continue;
                file = str_format("/proc/%s/comm", entry->d_name);
                if (io_read_file(AT_FDCWD, file, LISTENER_NAME_MAX, &name, NULL, NULL) < 0)
                        continue;
                return str_format("%.*s (pid %s)", (int)strcspn(name, "\n"), name, entry->d_name);
        }
        return NULL;
}

static char *listener_name(unsigned char protocol, uint16_t port)
{
        for (unsigned v6 = 0; v6 < 2; v6++) {
                AUTO_FREE char *table =
                        str_format("%s%s", port_protocol_name(protocol), v6 ? "6" : "");
                unsigned long inode = listener_find_inode(table, protocol, port);
                char *name = inode ? listener_find_process(inode) : NULL;

                if (name)
                        return name;
        }
        return str_dup("another program");
}

static int listener_check_one(unsigned char protocol, const struct address *address, uint16_t port,
                              struct error *err)
{
        AUTO_CLOSE int fd = listener_bind(protocol, address, port);
        AUTO_FREE char *who = NULL;

        /* Kernels without a family or protocol have no program that uses it. */
        if (fd >= 0 || errno != EADDRINUSE)
                return 0;
        who = listener_name(protocol, port);
        return error_set(err, EADDRINUSE, "port %u/%s is in use by %s", port,
                         port_protocol_name(protocol), who);
}

int listener_check(const struct port *port, struct error *err)
{
        static const struct address any[] = { { .family = AF_INET }, { .family = AF_INET6 } };

        for (unsigned i = 0; i < port->count; i++) {
                uint16_t number = (uint16_t)(port->host + i);

                if (port->address.family) {
                        if (listener_check_one(port->protocol, &port->address, number, err) < 0)
                                return -1;
                } else if (listener_check_one(port->protocol, &any[0], number, err) < 0 ||
                           listener_check_one(port->protocol, &any[1], number, err) < 0) {
                        return -1;
                }
        }
        return 0;
}

bool listener_find_free(const struct port *port, uint16_t *ret_first)
{
        struct address address = { .family = AF_INET };
        struct sockaddr_storage bound = { 0 };
        socklen_t length = sizeof bound;
        uint16_t number;

        if (port->address.family)
                address = port->address;
        AUTO_CLOSE int fd = listener_bind(
                port->protocol == IPPROTO_SCTP ? IPPROTO_TCP : port->protocol, &address, 0);
        if (fd < 0 || getsockname(fd, (struct sockaddr *)&bound, &length) < 0)
                return false;
        number = bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                            : ((struct sockaddr_in6 *)&bound)->sin6_port;
        number = ntohs(number);
        if (number + port->count > PORT_MAX + 1)
                return false;
        *ret_first = number;
        return true;
}
