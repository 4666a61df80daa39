/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Executing crunit-image, which has the libraries that a start does not load, and waiting for it.
 * It gets our environment, so that it can tell systemd how far it is (NOTIFY_SOCKET).
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>
#include <stdbool.h>

struct image_program {
        const struct strv *args; /* borrowed; what stands behind the program's name */
        const sigset_t *signals; /* borrowed; the mask it starts with */
        bool silent;             /* its messages are returned, too, instead of shown */
        bool patient;            /* systemd is told to wait as long as it takes */
};

/*
 * Returns the exit status (128 + N where signal N ended it), or -1; ret_said (owned by the caller)
 * is what it wrote to its standard output. Code EINTR when we were told to stop meanwhile: so is
 * the program then, and it has ended.
 */
int image_program_run(const struct image_program *program, char **ret_said, struct error *err);

/* The last line of what was said, without what stands in front of all our messages: borrowed from
 * said, which is changed. */
const char *image_program_last_line(char *said);
