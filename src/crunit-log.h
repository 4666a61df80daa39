/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the log pump needs from the place it starts in: log-start.S (no library) or log-libc.c. */
#pragma once

/* A system call; negative errno on failure. */
long log_syscall(long number, long a, long b, long c, long d, long e, long f);

/* The whole program; returns its exit status. */
int log_pump(char **argv, char **envp);
