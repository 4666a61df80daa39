/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "process.h"

#include "../base/io.h"
#include "../base/str.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

enum {
        PROCESS_FILE_MAX = 64 * 1024
};

static char *process_read(pid_t pid, const char *file, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/%s", (int)pid, file);
        char *text = NULL;

        return io_read_file(AT_FDCWD, path, PROCESS_FILE_MAX, &text, NULL, err) < 0 ? NULL : text;
}

bool process_parse_stat(const char *text, char *ret_state, uint64_t *ret_start)
{
        const char *at = strrchr(text, ')');
        char state;

        if (!at || at[1] != ' ' || !at[2])
                return false;
        state = at[2];
        /* Behind the name comes field 3; the start time is field 22. */
        for (int field = 2; field < 22; field++) {
                at = strchr(at + 1, ' ');
                if (!at)
                        return false;
        }
        *ret_start = strtoull(at + 1, NULL, 10);
        *ret_state = state;
        return true;
}

int process_identify(pid_t pid, struct process_id *ret, struct error *err)
{
        AUTO_FREE char *text = process_read(pid, "stat", NULL);
        uint64_t start;
        char state;

        if (!text || !process_parse_stat(text, &state, &start))
                return error_set(err, ESRCH, "there is no process %d", (int)pid);
        ret->pid = pid;
        ret->start = start;
        return 0;
}

int process_open(const struct process_id *id)
{
        AUTO_CLOSE int fd = -1;
        AUTO_FREE char *text = NULL;
        uint64_t start;
        char state;

        errno = ESRCH;
        if (id->pid <= 0)
                return -1;
        fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
        if (fd < 0)
                return -1;
        /* Looked at after opening: the descriptor cannot change its process any more. */
        text = process_read(id->pid, "stat", NULL);
        if (!text || !process_parse_stat(text, &state, &start) || start != id->start ||
            state == 'Z' || state == 'X') {
                errno = ESRCH;
                return -1;
        }
        return steal_fd(&fd);
}

bool process_alive(const struct process_id *id)
{
        AUTO_CLOSE int fd = process_open(id);

        return fd >= 0;
}

int process_wait(int pidfd, int milliseconds)
{
        struct pollfd wait = { .fd = pidfd, .events = POLLIN };

        return poll(&wait, 1, milliseconds);
}

int process_signal(int pidfd, int signo)
{
        return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

int64_t process_age(const struct process_id *id)
{
        struct timespec now;
        int64_t ticks = sysconf(_SC_CLK_TCK);

        clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
               (int64_t)id->start * 1000 / ticks;
}

/* The text behind "NAME:" at the start of a line, or NULL. */
static const char *process_status_field(const char *status, const char *name)
{
        for (const char *line = status; line; line = strchr(line, '\n')) {
                const char *value;

                line += *line == '\n';
                value = str_after(line, name);
                if (value && *value == ':')
                        return value + 1;
        }
        return NULL;
}

static bool process_mask_has(const char *status, const char *name, int signo)
{
        const char *mask = process_status_field(status, name);

        return mask && strtoull(mask, NULL, 16) >> (signo - 1) & 1;
}

/* Is it the first process of a pid namespace below ours? NSpid lists its ids, ours first. */
static bool process_is_namespace_init(const char *status)
{
        const char *ids = process_status_field(status, "NSpid");
        int count = 0;
        long last = 0;

        while (ids && *ids && *ids != '\n') {
                char *end;

                last = strtol(ids, &end, 10);
                if (end == ids)
                        break;
                count++;
                ids = end;
        }
        return count > 1 && last == 1;
}

bool process_takes_signal(const char *status, int signo)
{
        return !process_is_namespace_init(status) || signo == SIGKILL || signo == SIGSTOP ||
               process_mask_has(status, "SigCgt", signo) ||
               process_mask_has(status, "SigBlk", signo) ||
               process_mask_has(status, "SigIgn", signo);
}

/* Is it inside sigwait()? /proc/PID/syscall begins with the number of the call it sleeps in. */
static bool process_in_sigwait(pid_t pid)
{
        enum {
                SIGTIMEDWAIT_32 = 177 /* of 32-bit programs on x86 and ARM */
        };
        AUTO_FREE char *text = process_read(pid, "syscall", NULL);
        char *end = NULL;
        long number = text ? strtol(text, &end, 10) : -1;

        return text && end != text && (number == SYS_rt_sigtimedwait || number == SIGTIMEDWAIT_32);
}

/*
 * An init that sleeps in sigwait() (tini does) has its signals neither caught nor, for that time,
 * blocked, and yet gets them. It is looked for before and after the masks are read: whichever side
 * of the call it was on then, one of the three looks shows it.
 */
bool process_pid_takes_signal(pid_t pid, int signo)
{
        AUTO_FREE char *status = NULL;

        if (process_in_sigwait(pid))
                return true;
        status = process_read(pid, "status", NULL);
        return status && (process_takes_signal(status, signo) || process_in_sigwait(pid));
}
