/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For commands that take a while and have something to clean up: SIGTERM, SIGINT and SIGHUP are
 * noted instead of ending the program, SIGPIPE is an error of write(2). */
#pragma once

#include <signal.h>

/* From here on. Gives where the signal's number appears; 0 as long as none has come. */
const volatile sig_atomic_t *signals_catch(void);

/* The exit status after a failure: that of a program ended by the signal, where one has come. */
int signals_status(int otherwise);
