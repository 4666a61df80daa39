/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pound: the two ends of what the bench of networks measures.
 *
 *   pound serve PORT               takes connections, reads what comes until the end, and closes
 *   pound connect ADDRESS PORT N   N connections one behind the other: prints how many a second,
 *                                  the median of what one takes in microseconds, and the seconds
 *                                  of a processor that all took at this end
 *   pound send ADDRESS PORT S      sends for S seconds by one connection: prints Mbit/s
 *   pound ask SERVER NAME N        N questions for the address of a name: prints how many a second
 *   pound await SERVER NAME        asks until there is an address, ten seconds at most
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
        PIECE = 256 * 1024,
        ANSWER = 512,
        PATIENCE = 10, /* seconds for a name */
        STEP = 5,      /* milliseconds for an answer that may not come */
        DNS_PORT = 53,
        DNS_HEAD = 12,
};

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double used(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
        perror(what);
        exit(1);
}

static int connected(int type, const char *address, int port)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        int fd = socket(AF_INET, type, 0);

        if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
            connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
                fail(address);
        return fd;
}

/* A process for each connection that sends: one that only comes and goes is seen off here. */
static void take(int fd)
{
        static char piece[PIECE];
        struct pollfd event = { .fd = fd, .events = POLLIN };

        if (poll(&event, 1, 1000) == 1 && recv(fd, piece, 1, MSG_PEEK) > 0 && fork() == 0) {
                while (read(fd, piece, sizeof piece) > 0)
                        ;
                _exit(0);
        }
        close(fd);
}

static _Noreturn void serve(int port)
{
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

        signal(SIGCHLD, SIG_IGN);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1024) < 0)
                fail("serve");
        for (;;) {
                int client = accept(fd, NULL, NULL);

                if (client >= 0)
                        take(client);
        }
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

static int connect_often(const char *address, int port, size_t count)
{
        double *took = calloc(count, sizeof *took), begin = now(), all, processor = used();

        for (size_t i = 0; i < count; i++) {
                static const struct linger at_once = { .l_onoff = 1 };
                double before = now();
                int fd = connected(SOCK_STREAM, address, port);

                took[i] = now() - before;
                /* No port is left waiting, so that there are enough. */
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
                close(fd);
        }
        all = now() - begin;
        processor = used() - processor;
        qsort(took, count, sizeof *took, compare);
        printf("%.0f %.2f %.9f\n", (double)count / all, took[count / 2] * 1e6, processor);
        free(took);
        return 0;
}

static int send_for(const char *address, int port, double seconds)
{
        static char piece[PIECE];
        int fd = connected(SOCK_STREAM, address, port);
        double begin = now(), sent = 0;

        while (now() - begin < seconds) {
                ssize_t n = write(fd, piece, sizeof piece);

                if (n < 0)
                        fail("write");
                sent += (double)n;
        }
        printf("%.0f\n", sent * 8 / (now() - begin) / 1e6);
        return 0;
}

static size_t question(unsigned char *message, const char *name)
{
        static const unsigned char head[DNS_HEAD] = { 0x47, 0x11, 1, 0, 0, 1 };
        static const unsigned char tail[] = { 0, 0, 1, 0, 1 }; /* the root, A, IN */
        size_t length = strlen(name);

        memcpy(message, head, sizeof head);
        message[DNS_HEAD] = (unsigned char)length;
        memcpy(message + DNS_HEAD + 1, name, length);
        memcpy(message + DNS_HEAD + 1 + length, tail, sizeof tail);
        return DNS_HEAD + 1 + length + sizeof tail;
}

/* Whether there is an answer with an address in it. */
static int is_answered(int fd, const char *name, int patience)
{
        struct pollfd event = { .fd = fd, .events = POLLIN };
        unsigned char message[ANSWER];
        size_t length = question(message, name);

        if (send(fd, message, length, 0) < 0 || poll(&event, 1, patience) != 1)
                return 0;
        return recv(fd, message, sizeof message, 0) > DNS_HEAD && message[7] > 0;
}

static int ask(const char *server, const char *name, int count)
{
        int fd = connected(SOCK_DGRAM, server, DNS_PORT);
        double begin = now();

        for (int i = 0; i < count; i++)
                if (!is_answered(fd, name, 1000))
                        fail("no answer");
        printf("%.0f\n", count / (now() - begin));
        return 0;
}

static int await(const char *server, const char *name)
{
        int fd = connected(SOCK_DGRAM, server, DNS_PORT);
        double begin = now();

        while (now() - begin < PATIENCE)
                if (is_answered(fd, name, STEP))
                        return 0;
        fprintf(stderr, "pound: %s does not know %s\n", server, name);
        return 1;
}

int main(int argc, char **argv)
{
        const char *what = argc > 1 ? argv[1] : "";

        if (argc == 3 && strcmp(what, "serve") == 0)
                serve(atoi(argv[2]));
        if (argc == 5 && strcmp(what, "connect") == 0)
                return connect_often(argv[2], atoi(argv[3]), (size_t)atoi(argv[4]));
        if (argc == 5 && strcmp(what, "send") == 0)
                return send_for(argv[2], atoi(argv[3]), atof(argv[4]));
        if (argc == 5 && strcmp(what, "ask") == 0 && strlen(argv[3]) < 64)
                return ask(argv[2], argv[3], atoi(argv[4]));
        if (argc == 4 && strcmp(what, "await") == 0 && strlen(argv[3]) < 64)
                return await(argv[2], argv[3]);
        fputs("pound: see the top of pound.c\n", stderr);
        return 1;
}
