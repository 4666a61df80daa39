/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log pump: moves what a container writes from the pipe on descriptor 0 to descriptor 1 (the
 * journal's stream, which a container cannot reopen as /dev/stdout) until the last writer is gone.
 * One runs beside each container, so it is as small as a process can be: it uses no library where
 * configure knows the machine (log-start.S), and the plain C library elsewhere.
 *
 * It blocks every signal, because the unit's stop signal comes to all processes of the unit, and
 * the last lines come after it. Whoever kills it with SIGKILL closes the pipe: the container's next
 * line gives it SIGPIPE, so the unit fails visibly and Restart= applies; a program that ignores
 * SIGPIPE goes on, with its output lost.
 *
 * A pipe without writers also says that the container has ended, on whatever way: systemd runs no
 * ExecStop= after a failure. `crunit-log FILE PROGRAM ARGUMENTS…` becomes that program at the end
 * if FILE (the container's writable layer) is still there.
 *
 * It may be executed before there is anything to move: it waits for a byte on descriptor 3. When
 * that ends without one, there will be no container, and what came into the pipe (why the runtime
 * failed) is for others to say.
 *
 * Nothing here may need a stack protector or memcpy(): no local arrays, no locals whose address is
 * taken.
 */
#include "crunit-log.h"

#include <asm/unistd.h>
#include <errno.h>

enum {
        LOG_BEGIN = 3,         /* the descriptor; nobody waits where it is not open */
        LOG_CHUNK = 64 * 1024, /* a pipe's default size */
        LOG_BUFFER = 4096,     /* of the fallback; untouched, it costs no memory */
        LOG_SIGNAL_SET = 8,    /* bytes of the kernel's signal set */
        LOG_BLOCK = 0,         /* SIG_BLOCK */
        LOG_CWD = -100,        /* AT_FDCWD */
};

static const unsigned long long log_all_signals = ~0ULL;
static char log_buffer[LOG_BUFFER];

static long log_write_all(const char *at, long length)
{
        while (length > 0) {
                long n = log_syscall(__NR_write, 1, (long)at, length, 0, 0, 0);

                if (n == -EINTR)
                        continue;
                if (n < 0)
                        return n;
                at += n;
                length -= n;
        }
        return 0;
}

/* One piece by read and write; as splice(), 0 at the end and negative on failure. */
static long log_copy(void)
{
        long n = log_syscall(__NR_read, 0, (long)log_buffer, LOG_BUFFER, 0, 0, 0);
        long failed;

        if (n <= 0)
                return n;
        failed = log_write_all(log_buffer, n);
        return failed ? failed : n;
}

static long log_splice(void)
{
        return log_syscall(__NR_splice, 0, 0, 1, 0, LOG_CHUNK, 0);
}

/* Without a reader at the other end (journald is gone, the disk of a file is full) the pipe is
 * still emptied, so that the container is not blocked by its log. */
static int log_drain(void)
{
        long n;

        do
                n = log_syscall(__NR_read, 0, (long)log_buffer, LOG_BUFFER, 0, 0, 0);
        while (n > 0 || n == -EINTR);
        return 1;
}

static int log_move(void)
{
        long n;

        do
                n = log_splice();
        while (n > 0 || n == -EINTR);
        /* Not every file can be spliced to (one opened for appending) or from (a terminal). */
        if (n == -EINVAL)
                do
                        n = log_copy();
                while (n > 0 || n == -EINTR);
        /* A terminal's end of file is EIO. */
        return n == 0 || n == -EIO ? 0 : log_drain();
}

int log_pump(char **argv, char **envp)
{
        int result;

        log_syscall(__NR_rt_sigprocmask, LOG_BLOCK, (long)&log_all_signals, 0, LOG_SIGNAL_SET, 0,
                    0);
        if (log_syscall(__NR_read, LOG_BEGIN, (long)log_buffer, 1, 0, 0, 0) == 0)
                return 1;
        log_syscall(__NR_close, LOG_BEGIN, 0, 0, 0, 0, 0);
        result = log_move();
        if (argv[0] && argv[1] && argv[2] &&
            log_syscall(__NR_faccessat, LOG_CWD, (long)argv[1], 0, 0, 0, 0) == 0)
                log_syscall(__NR_execve, (long)argv[2], (long)&argv[2], (long)envp, 0, 0, 0);
        return result;
}
