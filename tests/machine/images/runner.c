/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runner: the only other program in the scratch image. Measures each
 * destination in turn and writes a report for each, again and again. All
 * settings come from the environment; blank means the default:
 *
 *   MTR_INTERVAL=300 MTR_COUNT=10 MTR_DESTINATIONS=1.1.1.1 (commas)
 *   MTR_OUTPUT_PATH=/data/mtr MTR_BIN=/usr/bin/mtr
 *
 * A report is {UTC time}_{destination with . : / as -}.json, mode 0644. It ends
 * with status 2 on SIGTERM; when MTR_IGNORE_TERM is set it ignores it.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_term(int number)
{
        (void)number;
        _exit(2);
}

static char *trim(char *text)
{
        while (isspace((unsigned char)*text))
                text++;
        for (char *end = text + strlen(text); end > text && isspace((unsigned char)end[-1]);)
                *--end = '\0';
        return text;
}

static char *setting(const char *name, const char *fallback)
{
        const char *value = getenv(name);
        char *text = trim(strdup(value ? value : ""));

        return *text ? text : strdup(fallback);
}

static int number(const char *name, const char *fallback)
{
        int value = atoi(setting(name, fallback));

        return value > 0 ? value : atoi(fallback);
}

/* Runs mtr and collects what it prints; -1 if it failed. */
static ssize_t measure(const char *binary, int count, const char *destination, char *buf,
                       size_t size)
{
        char text[16];
        int ends[2], status;
        size_t used = 0;
        ssize_t n;
        pid_t pid;

        snprintf(text, sizeof(text), "%d", count);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        pid = fork();
        if (pid == 0) {
                dup2(ends[1], STDOUT_FILENO);
                execl(binary, binary, "-j", "-c", text, destination, (char *)NULL);
                fprintf(stderr, "ERROR: %s: %s\n", binary, strerror(errno));
                _exit(127);
        }
        close(ends[1]);
        while (used < size && (n = read(ends[0], buf + used, size - used)) > 0)
                used += (size_t)n;
        close(ends[0]);
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
                return -1;
        return (ssize_t)used;
}

static void report(const char *folder, const char *binary, int count, char *destination)
{
        char path[512], stamp[32], buf[65536];
        time_t now = time(NULL);
        struct tm utc;
        ssize_t size;
        FILE *out;

        gmtime_r(&now, &utc);
        strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
        size = measure(binary, count, destination, buf, sizeof(buf));
        if (size < 0) {
                printf("ERROR: measuring %s failed\n", destination);
                return;
        }
        if (size == 0 || buf[0] != '{')
                printf("WARNING: the report for %s is not JSON\n", destination);
        for (char *c = destination; *c; c++)
                if (strchr(".:/", *c))
                        *c = '-';
        snprintf(path, sizeof(path), "%s/%s_%s.json", folder, stamp, destination);
        out = fopen(path, "we");
        if (!out || fwrite(buf, 1, (size_t)size, out) != (size_t)size)
                printf("ERROR: %s: %s\n", path, strerror(errno));
        else
                printf("wrote %s\n", path);
        if (out)
                fclose(out);
        chmod(path, 0644);
}

int main(void)
{
        const char *folder = setting("MTR_OUTPUT_PATH", "/data/mtr");
        const char *binary = setting("MTR_BIN", "/usr/bin/mtr");
        int interval = number("MTR_INTERVAL", "300");
        int count = number("MTR_COUNT", "10");

        setvbuf(stdout, NULL, _IOLBF, 0);
        signal(SIGTERM, getenv("MTR_IGNORE_TERM") ? SIG_IGN : on_term);
        printf("runner: interval %d, count %d, output %s\n", interval, count, folder);
        for (;;) {
                char *list = setting("MTR_DESTINATIONS", "1.1.1.1"), *rest = list;

                for (char *item; (item = strsep(&rest, ","));)
                        if (*trim(item))
                                report(folder, binary, count, trim(item));
                sleep((unsigned)interval);
        }
}
