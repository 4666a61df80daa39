/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * answer serve NAME PORT...: on each port, TCP and UDP, IPv4 and IPv6, answers
 * "NAME sees ADDRESS on PORT" with the address of who asks.
 * answer ask tcp|udp ADDRESS PORT [OWN-PORT]: prints the answer, or "refused",
 * "silent" (nothing within a second) or "unreachable"; status 0 for an answer.
 * answer flow ADDRESS PORT: asks by UDP from one port ten times a second, and
 * prints each answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
        PORTS_MAX = 64
};

static int bound(int type, int port)
{
        struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        int fd = socket(AF_INET6, type, 0), one = 1, zero = 0;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
            (type == SOCK_STREAM && listen(fd, 16) < 0)) {
                perror("answer");
                exit(1);
        }
        return fd;
}

static size_t sentence(char *buffer, size_t size, const char *name, const struct sockaddr_in6 *who,
                       int port)
{
        char text[INET6_ADDRSTRLEN], *plain = text;

        inet_ntop(AF_INET6, &who->sin6_addr, text, sizeof text);
        if (strncmp(text, "::ffff:", 7) == 0)
                plain += 7;
        return (size_t)snprintf(buffer, size, "%s sees %s on %d\n", name, plain, port);
}

static void answer(int fd, int type, const char *name, int port)
{
        struct sockaddr_in6 who;
        socklen_t length = sizeof who;
        char buffer[256];
        int client;

        if (type == SOCK_DGRAM) {
                if (recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&who, &length) >= 0)
                        sendto(fd, buffer, sentence(buffer, sizeof buffer, name, &who, port), 0,
                               (struct sockaddr *)&who, length);
                return;
        }
        client = accept(fd, (struct sockaddr *)&who, &length);
        if (client < 0)
                return;
        if (write(client, buffer, sentence(buffer, sizeof buffer, name, &who, port)) < 0)
                perror("answer");
        close(client);
}

static void finish(int signo)
{
        (void)signo;
        _exit(0);
}

static int serve(const char *name, int count, char **ports)
{
        struct pollfd fds[2 * PORTS_MAX];

        signal(SIGTERM, finish);
        signal(SIGPIPE, SIG_IGN);
        for (int i = 0; i < 2 * count; i++)
                fds[i] = (struct pollfd){
                        bound(i % 2 ? SOCK_DGRAM : SOCK_STREAM, atoi(ports[i / 2])), POLLIN, 0
                };
        puts("serving");
        fflush(stdout);
        for (;;) {
                if (poll(fds, 2 * count, -1) < 0)
                        continue;
                for (int i = 0; i < 2 * count; i++)
                        if (fds[i].revents)
                                answer(fds[i].fd, i % 2 ? SOCK_DGRAM : SOCK_STREAM, name,
                                       atoi(ports[i / 2]));
        }
}

static int connected(const char *kind, const char *address, const char *port, const char *own)
{
        struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                  .ai_socktype = *kind == 'u' ? SOCK_DGRAM : SOCK_STREAM };
        struct timeval second = { .tv_sec = 1 };
        struct sockaddr_in6 from = { .sin6_family = AF_INET6 };
        struct addrinfo *to;
        int fd;

        if (getaddrinfo(address, port, &hints, &to) != 0) {
                fprintf(stderr, "answer: %s port %s: not an address\n", address, port);
                exit(2);
        }
        fd = socket(to->ai_family, to->ai_socktype, 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
        if (own) {
                from.sin6_family = (sa_family_t)to->ai_family;
                from.sin6_port = htons((unsigned short)atoi(own)); /* at one place in both */
                if (bind(fd, (struct sockaddr *)&from, to->ai_addrlen) < 0)
                        perror("answer");
        }
        if (connect(fd, to->ai_addr, to->ai_addrlen) < 0)
                return -1;
        return fd;
}

static int receive(int fd)
{
        char buffer[256];
        ssize_t n = fd < 0 ? -1 : recv(fd, buffer, sizeof buffer - 1, 0);

        if (n > 0) {
                buffer[n] = '\0';
                fputs(buffer, stdout);
        } else if (n == 0) {
                puts("closed");
        } else {
                puts(errno == ECONNREFUSED                     ? "refused"
                     : errno == EAGAIN || errno == EINPROGRESS ? "silent"
                                                               : "unreachable");
        }
        fflush(stdout);
        return n > 0 ? 0 : 1;
}

static int ask(const char *kind, const char *address, const char *port, const char *own)
{
        int fd = connected(kind, address, port, own);

        if (fd >= 0 && *kind == 'u' && send(fd, "?", 1, 0) < 0)
                perror("answer");
        return receive(fd);
}

static int flow(const char *address, const char *port)
{
        int fd = connected("udp", address, port, "45678");

        for (;;) {
                if (send(fd, "?", 1, 0) >= 0)
                        receive(fd);
                usleep(100000);
        }
}

int main(int argc, char **argv)
{
        if (argc > 3 && argc < 3 + PORTS_MAX && strcmp(argv[1], "serve") == 0)
                return serve(argv[2], argc - 3, argv + 3);
        if (argc >= 5 && strcmp(argv[1], "ask") == 0)
                return ask(argv[2], argv[3], argv[4], argv[5]);
        if (argc == 4 && strcmp(argv[1], "flow") == 0)
                return flow(argv[2], argv[3]);
        return 2;
}
