/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `crunit start` needs of `crunit run`. */
#pragma once

#include "../container/kept.h"

enum run_again_how {
        RUN_AGAIN_AS_UNIT,     /* watched by systemd; this process has nothing to do with it */
        RUN_AGAIN_SEEN,        /* in the foreground: its output is ours */
        RUN_AGAIN_INTERACTIVE, /* and its input, where it was to have any */
};

/*
 * Start one that has ended and was kept, by what it was started by: options, variables, directory,
 * image; it keeps its id. Changes this process's directory and variables. Returns the exit status:
 * of a container in the foreground its own; err may have a message, whatever it is.
 */
int run_again(struct kept *kept, enum run_again_how how, struct error *err);
