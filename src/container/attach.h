/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Staying beside a container in the foreground: its signals, its terminal, its exit status. The
 * kernel drops a signal that a container's first process does not handle; one that asks it to end
 * (SIGTERM, SIGINT, SIGHUP, SIGQUIT) kills it then, as it would without a container.
 */
#pragma once

#include "../base/error.h"
#include "process.h"

#include <stdbool.h>

struct attach {
        struct process_id init; /* our child */
        int master;             /* of its terminal, or -1; borrowed */
        bool interactive;       /* our stdin goes to the terminal */
        unsigned timeout;       /* seconds until it is killed, or 0 */
        int stop_signal;        /* takes the place of SIGTERM; 0: SIGTERM itself */
};

/* Block the signals that are passed on; before the container exists, so that none is lost. */
void attach_block_signals(void);

/* Until its end. ret_status is what a shell would have in $?: 128 + N for signal N. */
int attach_wait(const struct attach *attach, int *ret_status, struct error *err);
