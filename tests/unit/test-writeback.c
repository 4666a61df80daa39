/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk that is told to begin early; syncfs(2) is the test's own. */
#include "src/base/cleanup.h"
#include "src/image/writeback.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
        PIECE = 1 << 20,
        WAITS = 6000 /* of 10 ms: a minute */
};

static atomic_int turns;
static atomic_int synced; /* the descriptor */
static atomic_int slow_ms;
static atomic_int failure;

int syncfs(int fd)
{
        int ms = slow_ms;

        synced = fd;
        turns++;
        nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
        errno = failure;
        return failure ? -1 : 0;
}

static void nap(void)
{
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

static bool wait_for_turns(int count)
{
        for (int i = 0; i < WAITS && turns < count; i++)
                nap();
        return turns == count;
}

/* That nothing comes can only be waited for. */
static bool no_more_turns(int count)
{
        for (int i = 0; i < 20; i++)
                nap();
        return turns == count;
}

static void add_pieces(struct writeback *writeback, int count)
{
        while (count-- > 0)
                writeback_add(writeback, PIECE);
}

static void test_turns(int directory)
{
        struct writeback writeback = { 0 };
        struct stat own, given;
        int flags;

        turns = slow_ms = failure = 0;
        writeback_add(&writeback, WRITEBACK_BYTES);
        writeback_stop(&writeback);
        check(turns == 0, "what does not run does nothing");

        writeback_start(&writeback, directory);
        add_pieces(&writeback, WRITEBACK_BYTES / PIECE - 1);
        check(no_more_turns(0), "little is left to the sync at the end");
        add_pieces(&writeback, 1);
        check(wait_for_turns(1), "the disk begins when there is enough");
        flags = fcntl(synced, F_GETFD);
        check(synced != directory && fstat(synced, &own) == 0 && fstat(directory, &given) == 0 &&
                      own.st_dev == given.st_dev && own.st_ino == given.st_ino,
              "by a descriptor of its own, that takes no error from the caller's");
        check(flags >= 0 && flags & FD_CLOEXEC, "which no other program gets");
        add_pieces(&writeback, WRITEBACK_BYTES / PIECE);
        check(wait_for_turns(2), "and again when as much has come");
        writeback_stop(&writeback);
        check(fcntl(synced, F_GETFD) < 0, "it is closed at the end");
        check(!writeback.running && !writeback.bytes, "which leaves nothing");
}

/* The second turn is due while the first is under way. */
static void test_left_alone(int directory, int ms, int code, const char *what)
{
        struct writeback writeback = { 0 };

        turns = 0;
        slow_ms = ms;
        failure = code;
        writeback_start(&writeback, directory);
        add_pieces(&writeback, WRITEBACK_BYTES / PIECE);
        check(wait_for_turns(1), "the first turn");
        slow_ms = 0;
        add_pieces(&writeback, WRITEBACK_BYTES / PIECE);
        nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
        check(no_more_turns(1), what);
        writeback_stop(&writeback);
}

int main(void)
{
        AUTO_CLOSE int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        test_turns(directory);
        test_left_alone(directory, WRITEBACK_PATIENCE_MS + 100, 0,
                        "a slow disk is left alone from there");
        test_left_alone(directory, 0, EIO, "so is one that fails");
        return tap_done();
}
