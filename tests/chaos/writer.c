/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * writer run NUMBER [PORT]: the program of all containers of the chaos run. Appends lines "NUMBER
 * RECORD" to /data/records, RECORD counting up, each on the disk before the next; and tells in
 * /ack/NUMBER (outside of what faults touch) how far it came. It goes on where it was. On PORT (80)
 * it says its NUMBER to whoever connects. Ends at SIGTERM.
 * writer check [PORT]: asks its own port; status 0 for an answer.
 * writer show FILE: what is in it, for images that have nothing else.
 * writer verify NUMBER RECORDS ACK: whether all records up to the one in ACK are in RECORDS, in
 * order; status 0 and how many there are.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
        PORT = 80,
        LINE = 64,
        PAUSE = 300 /* milliseconds between records */
};

/* What the file says last, or 0. */
static unsigned long read_number(const char *path)
{
        FILE *file = fopen(path, "re");
        unsigned long number = 0;

        if (!file)
                return 0;
        if (fscanf(file, "%lu", &number) != 1)
                number = 0;
        fclose(file);
        return number;
}

static unsigned long last_record(int fd)
{
        char text[LINE + 1];
        off_t end = lseek(fd, 0, SEEK_END), begin = end > LINE ? end - LINE : 0;
        ssize_t size = pread(fd, text, LINE, begin);
        char *line;

        if (size <= 0)
                return 0;
        text[size] = '\0';
        /* half a line: the disk was full, or we were killed */
        while (size > 0 && text[size - 1] != '\n')
                size--;
        if (ftruncate(fd, begin + size) < 0 || size == 0)
                return 0;
        text[size - 1] = '\0';
        line = strrchr(text, '\n');
        line = strchr(line ? line : text, ' ');
        return line ? strtoul(line, NULL, 10) : 0;
}

static int tell(const char *path, unsigned long record)
{
        char text[LINE];
        int length = snprintf(text, sizeof text, "%-20lu\n", record);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        int result = fd < 0 || pwrite(fd, text, (size_t)length, 0) != length ? -1 : 0;

        if (fd >= 0)
                close(fd);
        return result;
}

/* Whole or not at all. */
static int append(int fd, const char *number, unsigned long record)
{
        char text[LINE];
        int length = snprintf(text, sizeof text, "%s %lu\n", number, record);
        off_t end = lseek(fd, 0, SEEK_END);

        if (write(fd, text, (size_t)length) == length && fdatasync(fd) == 0)
                return 0;
        if (ftruncate(fd, end) < 0)
                perror("writer: cannot take back half a record");
        return -1;
}

static int open_port(int port)
{
        struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                        .sin6_port = htons((uint16_t)port) };
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, zero = 0;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0)
                return fd;
        perror("writer: no port");
        exit(1);
}

static void answer(int fd, const char *number)
{
        int client = accept(fd, NULL, NULL);

        if (client < 0)
                return;
        dprintf(client, "%s\n", number);
        close(client);
}

static void finish(int signo)
{
        (void)signo;
        _exit(0);
}

static int run(const char *number, int inner)
{
        char ack[LINE];
        int records = open("/data/records", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        struct pollfd port = { .fd = open_port(inner), .events = POLLIN };
        unsigned long record, acknowledged;

        signal(SIGTERM, finish);
        signal(SIGPIPE, SIG_IGN); /* whoever reads what we say may be gone */
        snprintf(ack, sizeof ack, "/ack/%s", number);
        if (records < 0) {
                perror("writer: no records");
                return 1;
        }
        record = last_record(records);
        acknowledged = read_number(ack);
        /* never again: what is missing stays missing */
        if (record < acknowledged)
                record = acknowledged;
        printf("writer %s goes on at %lu\n", number, record + 1);
        fflush(stdout);
        for (;;) {
                if (append(records, number, record + 1) == 0) {
                        record++;
                        tell(ack, record);
                }
                if (poll(&port, 1, PAUSE) > 0)
                        answer(port.fd, number);
        }
}

static int check(int port)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char text[LINE];

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
            read(fd, text, sizeof text) > 0)
                return 0;
        perror("writer: no answer");
        return 1;
}

static int show(const char *path)
{
        char text[4096];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);

        if (size < 0)
                perror(path);
        return size < 0 || write(STDOUT_FILENO, text, (size_t)size) != size ? 1 : 0;
}

static int verify(const char *number, const char *path, const char *ack)
{
        unsigned long acknowledged = read_number(ack), expected = 0, record;
        char name[LINE];
        FILE *file = fopen(path, "re");

        if (!file) {
                printf("%s: %s; %lu acknowledged\n", path, strerror(errno), acknowledged);
                return acknowledged ? 1 : 0;
        }
        while (fscanf(file, "%63s %lu", name, &record) == 2) {
                if (strcmp(name, number) != 0 || record != ++expected) {
                        printf("%s: record %lu of %s where %lu of %s should be\n", path, record,
                               name, expected, number);
                        fclose(file);
                        return 1;
                }
        }
        fclose(file);
        if (expected < acknowledged) {
                printf("%s: %lu records of %lu acknowledged\n", path, expected, acknowledged);
                return 1;
        }
        printf("%lu\n", expected);
        return 0;
}

int main(int argc, char **argv)
{
        if ((argc == 3 || argc == 4) && strcmp(argv[1], "run") == 0)
                return run(argv[2], argc == 4 ? atoi(argv[3]) : PORT);
        if ((argc == 2 || argc == 3) && strcmp(argv[1], "check") == 0)
                return check(argc == 3 ? atoi(argv[2]) : PORT);
        if (argc == 3 && strcmp(argv[1], "show") == 0)
                return show(argv[2]);
        if (argc == 5 && strcmp(argv[1], "verify") == 0)
                return verify(argv[2], argv[3], argv[4]);
        fprintf(stderr, "writer: see its source\n");
        return 2;
}
