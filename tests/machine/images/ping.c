/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ping ADDRESS [COUNT]: what a measurement image holds besides its runner. It
 * needs a raw socket, so it shows which capabilities really arrived, and says
 * as JSON with which user and capabilities it ran. Linked statically: it must
 * work in an image with nothing else in it.
 *
 * Called as mtr -j -c COUNT ADDRESS as well.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static unsigned short checksum(const unsigned char *data, size_t size)
{
        unsigned long sum = 0;

        for (size_t i = 0; i + 1 < size; i += 2)
                sum += (unsigned long)data[i] << 8 | data[i + 1];
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return htons((unsigned short)~sum);
}

/* One echo request; 1 if its reply arrived within a second. */
static int echo(int fd, const struct sockaddr_in *to, unsigned short sequence)
{
        struct icmphdr request = { .type = ICMP_ECHO };
        unsigned char reply[512];

        request.un.echo.id = htons((unsigned short)getpid());
        request.un.echo.sequence = htons(sequence);
        request.checksum = checksum((const unsigned char *)&request, sizeof(request));
        if (sendto(fd, &request, sizeof(request), 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
                return 0;
        for (;;) {
                struct icmphdr header;
                ssize_t size = recv(fd, reply, sizeof(reply), 0);

                if (size < (ssize_t)(sizeof(struct iphdr) + sizeof(header)))
                        return 0;
                memcpy(&header, reply + sizeof(struct iphdr), sizeof(header));
                /* on the loopback the request comes back as well */
                if (header.type == ICMP_ECHOREPLY && header.un.echo.id == request.un.echo.id &&
                    header.un.echo.sequence == request.un.echo.sequence)
                        return 1;
        }
}

static void read_capabilities(char *ret_caps, size_t size)
{
        char line[256];
        FILE *status = fopen("/proc/self/status", "re");

        snprintf(ret_caps, size, "unknown");
        if (!status)
                return;
        while (fgets(line, sizeof(line), status))
                if (strncmp(line, "CapEff:\t", 8) == 0)
                        snprintf(ret_caps, size, "%.16s", line + 8);
        fclose(status);
}

int main(int argc, char **argv)
{
        struct sockaddr_in to = { .sin_family = AF_INET };
        struct timeval patience = { .tv_sec = 1 };
        const char *address = NULL;
        int count = 1, received = 0, fd;
        char caps[32];

        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
                        count = atoi(argv[++i]);
                else if (argv[i][0] != '-')
                        address = argv[i];
        }
        if (!address || inet_pton(AF_INET, address, &to.sin_addr) != 1) {
                fprintf(stderr, "ping: not an IPv4 address: %s\n", address ? address : "(none)");
                return 1;
        }
        fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
        if (fd < 0) {
                fprintf(stderr, "ping: Failure to open IPv4 sockets: %s\n", strerror(errno));
                return 1;
        }
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        for (int i = 0; i < count; i++)
                received += echo(fd, &to, (unsigned short)i);
        read_capabilities(caps, sizeof(caps));
        printf("{\n  \"report\": {\n    \"dst\": \"%s\",\n    \"tests\": %d,\n    \"received\": "
               "%d,\n"
               "    \"uid\": %d,\n    \"euid\": %d,\n    \"cap_eff\": \"%s\"\n  }\n}\n",
               address, count, received, (int)getuid(), (int)geteuid(), caps);
        return received == count ? 0 : 1;
}
