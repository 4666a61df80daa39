/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes of others, seen through /proc and pidfds. A process id is given again after its
 * process's end; together with the start time it names one process for the life of the boot.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_id {
        pid_t pid;      /* 0: none */
        uint64_t start; /* clock ticks since boot, as in /proc/PID/stat */
};

/* ESRCH where there is no such process any more. */
int process_identify(pid_t pid, struct process_id *ret, struct error *err);

/* A pidfd of exactly this process, or -1 with errno (ESRCH: it is gone or a zombie). */
int process_open(const struct process_id *id);
bool process_alive(const struct process_id *id);

/* Wait at most so many milliseconds (-1: for ever) for the end: 1 ended, 0 not yet, -1 with
 * errno (EINTR). */
int process_wait(int pidfd, int milliseconds);
int process_signal(int pidfd, int signo);

/* Milliseconds since its start. */
int64_t process_age(const struct process_id *id);

/* The start time within the text of /proc/PID/stat, whose second field may hold anything. */
bool process_parse_stat(const char *text, char *ret_state, uint64_t *ret_start);

/*
 * Would this signal have an effect, by the text of its /proc/PID/status? The kernel drops a signal
 * with the default action for the first process of a pid namespace; for others it acts.
 */
bool process_takes_signal(const char *status, int signo);
/* The same of a living process; false once it is gone. */
bool process_pid_takes_signal(pid_t pid, int signo);
