/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of a pull: on a terminal of any size, in a pipe, by systemd. */
#include "src/base/cleanup.h"
#include "src/base/progress.h"
#include "src/base/str.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static char seen[65536]; /* what came since the last look */
static int reading = -1;
static bool marked; /* what is read is what is written to standard error */

enum {
        LOOK_MAX = 60000 /* ms */
};

/* Reads until END has come, the last of it. Where it is 0, what there is. */
static size_t take(char end)
{
        struct pollfd waiting = { .fd = reading, .events = POLLIN };
        size_t length = 0;

        while (length < sizeof seen - 1 && poll(&waiting, 1, end ? LOOK_MAX : 0) > 0) {
                ssize_t got = read(reading, seen + length, sizeof seen - 1 - length);

                if (got <= 0)
                        break;
                length += (size_t)got;
                if (end && seen[length - 1] == end)
                        return length - 1;
        }
        return length;
}

/* A terminal hands on what was written when it has the time: what came before a mark is all. */
static const char *look(void)
{
        static const char mark = '\1';

        fflush(stderr);
        if (marked && write(STDERR_FILENO, &mark, 1) != 1)
                check(false, "a mark is written");
        seen[take(marked ? mark : 0)] = '\0';
        return seen;
}

/* Standard error is a terminal of this size now. */
static int become_terminal(unsigned short rows, unsigned short columns)
{
        const struct winsize size = { .ws_row = rows, .ws_col = columns };
        struct termios modes;
        int own = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        int other;

        if (own < 0 || grantpt(own) < 0 || unlockpt(own) < 0)
                return -1;
        other = open(ptsname(own), O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (other < 0 || tcgetattr(other, &modes) < 0)
                return -1;
        cfmakeraw(&modes);
        tcsetattr(other, TCSANOW, &modes);
        ioctl(own, TIOCSWINSZ, &size);
        dup2(other, STDERR_FILENO);
        close(other);
        reading = own;
        marked = true;
        return 0;
}

static void resize(unsigned short rows, unsigned short columns)
{
        const struct winsize size = { .ws_row = rows, .ws_col = columns };

        ioctl(reading, TIOCSWINSZ, &size);
}

/* Pictures are shown ten times a second. */
static const char *picture(struct progress *progress)
{
        for (int tries = 0; tries < 1000; tries++) {
                progress_show(progress);
                if (*look())
                        break;
                poll(NULL, 0, 10);
        }
        return seen;
}

static size_t count(const char *text, const char *part)
{
        size_t found = 0;

        while ((text = strstr(text, part))) {
                found++;
                text += strlen(part);
        }
        return found;
}

/* Bytes of the longest line, without what moves the cursor. */
static size_t longest(const char *text)
{
        size_t most = 0;

        while (*text) {
                size_t length = strcspn(text, "\n");
                const char *escape = memchr(text, 'J', length);
                size_t visible = escape ? length - (size_t)(escape + 1 - text) : length;

                most = visible > most ? visible : most;
                text += length + (text[length] == '\n');
        }
        return most;
}

static struct progress *three_layers(void)
{
        struct progress *progress = progress_new("Pulling reg.lan/web:1", PROGRESS_SAID, 90);

        for (int i = 0; i < 3; i++)
                progress_add(progress, "0123456789abcdef", 40 * 1000 * 1000);
        progress_set(progress, 0, 10 * 1000 * 1000);
        progress_set(progress, 1, 20 * 1000 * 1000);
        return progress;
}

static void test_terminal(void)
{
        AUTO_PROGRESS struct progress *progress = three_layers();

        picture(progress);
        check(count(seen, "0123456789ab [") == 2, "a bar for each layer that has begun");
        check(strstr(seen, "[##########                              ]    40 MB"), "a quarter");
        check(strstr(seen, "[####################                    ]    40 MB"), "a half");
        check(strstr(seen, "Pulling reg.lan/web:1: 30 of 120 MB, 0 of 3 layers\n"), "and a total");
        check(!strchr(seen, '\033'), "nothing to erase yet");
        progress_show(progress);
        look(); /* nothing but on a slow machine */
        progress_finish(progress, 0);
        picture(progress);
        check(str_has_prefix(seen, "\033[3A\r\033[J"), "the picture before goes: three lines");
        check(count(seen, "0123456789ab [") == 1, "a layer that is done has no bar");
        check(strstr(seen, "60 of 120 MB, 1 of 3 layers\n"), "but counts");
        progress_say(progress, "something");
        look();
        check(str_has_prefix(seen, "\033[2A\r\033[J") && strstr(seen, "something\n"),
              "a line goes above");
        picture(progress);
        check(!strchr(seen, '\033'), "where nothing is to be erased");
        progress_end(&progress);
        check_str(look(), "\033[2A\r\033[J", "in the end nothing is left");
}

static void test_narrow(void)
{
        static const struct {
                unsigned short columns;
                size_t bars;
                const char *what;
        } sizes[] = { { 200, 2, "a wide terminal" },
                      { 64, 2, "a usual one" },
                      { 40, 2, "a narrow one" },
                      { 30, 2, "one with just room for bars" },
                      { 29, 0, "one that is too narrow for bars" },
                      { 8, 0, "one for eight letters" } };

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                AUTO_PROGRESS struct progress *progress = three_layers();

                resize(24, sizes[i].columns);
                picture(progress);
                check(count(seen, "0123456789ab [") == sizes[i].bars &&
                              longest(seen) < sizes[i].columns,
                      sizes[i].what);
                progress_end(&progress);
                look();
        }
}

static void test_few_rows(void)
{
        AUTO_PROGRESS struct progress *progress = progress_new("Pulling x", PROGRESS_SAID, 90);

        for (int i = 0; i < 60; i++)
                progress_set(progress, progress_add(progress, "layer", 1000), 500);
        resize(10, 80);
        picture(progress);
        check(count(seen, "\n") == 8, "no more bars than there is room for");
        check(strstr(seen, "0 of 60 layers"), "the total is there");
}

/* A terminal that was 80 columns wide breaks lines of 64 into four when it has 20. */
static void test_resize(void)
{
        AUTO_PROGRESS struct progress *progress = three_layers();

        resize(24, 80);
        picture(progress);
        resize(24, 20);
        picture(progress);
        check(str_has_prefix(seen, "\033[11A\r\033[J"), "all rows of broken lines go");
        check(longest(seen) < 20, "and what comes fits");
        resize(24, 100);
        picture(progress);
        check(str_has_prefix(seen, "\033[1A\r\033[J"), "lines that fit take one row");
        resize(0, 0);
        picture(progress);
        check(count(seen, "0123456789ab [") == 2 && longest(seen) < 80,
              "a size nobody knows is 80");
}

static void test_pipe(void)
{
        AUTO_PROGRESS struct progress *progress = NULL;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                exit(EXIT_FAILURE);
        dup2(ends[1], STDERR_FILENO);
        close(reading);
        close(ends[1]);
        reading = ends[0];
        progress = three_layers();
        progress_show(progress);
        check_str(look(), "", "a pipe: nothing while it goes on");
        progress_finish(progress, 1);
        progress_show(progress);
        progress_show(progress);
        look();
        check(strstr(seen, "Pulling reg.lan/web:1: 0123456789ab: 40000 kB\n") &&
                      count(seen, "\n") == 1,
              "a line for a layer that is done, once");
        progress_end(&progress);
        check_str(look(), "", "and nothing in the end");
}

static void test_systemd(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        AUTO_PROGRESS struct progress *progress = NULL;

        close(reading);
        marked = false;
        reading = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        unlink(path);
        if (reading < 0 || bind(reading, (struct sockaddr *)&address, sizeof address) < 0)
                exit(EXIT_FAILURE);
        setenv("NOTIFY_SOCKET", path, 1);
        progress = progress_new("Pulling nginx", PROGRESS_NOTIFIED, 90);
        for (int i = 0; i < 5; i++)
                progress_add(progress, "layer", 24 * 1000 * 1000);
        progress_set(progress, 0, 24 * 1000 * 1000 - 1);
        progress_finish(progress, 1);
        progress_set(progress, 1, 5 * 1000 * 1000);
        progress_finish(progress, 2);
        progress_set(progress, 2, 3 * 1000 * 1000);
        progress_finish(progress, 3);
        progress_set(progress, 3, 2 * 1000 * 1000);
        picture(progress);
        check_str(
                seen,
                "STATUS=Pulling nginx: 34 of 120 MB, 3 of 5 layers\nEXTEND_TIMEOUT_USEC=90000000\n",
                "the unit's status, and more time");
        picture(progress);
        check(str_has_prefix(seen, "STATUS=") && !strstr(seen, "EXTEND"),
              "no more time where no byte has come");
        progress_set(progress, 4, 1);
        picture(progress);
        check(strstr(seen, "EXTEND_TIMEOUT_USEC=90000000"), "again when one has");
        progress_end(&progress);
        check_str(look(), "STATUS=\n", "no status is left");
        unlink(path);
}

int main(void)
{
        char path[] = "/tmp/test-progress-XXXXXX";

        unsetenv("NOTIFY_SOCKET");
        if (become_terminal(24, 80) < 0)
                return EXIT_FAILURE;
        test_terminal();
        test_narrow();
        test_few_rows();
        test_resize();
        test_pipe();
        close(mkstemp(path));
        test_systemd(path);
        return tap_done();
}
