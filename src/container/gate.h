/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where crun waits for its configuration. Until it reads it, crun has loaded its libraries and
 * looked around: that takes as long as our own preparations, and goes on beside them.
 *
 * crun reads the file twice, the second time to copy it into its own state. So the name it is given
 * is a link: first to a pipe that crun has inherited, on which it waits, and then, just before the
 * text is written into the pipe, to a file with the same text. Whichever crun opens, and whenever,
 * it reads the whole. When this process ends before, crun finds the pipe at its end, without a
 * configuration, and ends as well; it has made nothing until then.
 *
 * Another pipe leads back: crun writes the init's number, the last of all it does, into what it
 * takes for a file. Then there is no need to wait until its process is gone, which takes the kernel
 * a while.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct gate {
        int read, write; /* owned; the pipe, or -1 */
        char *path;      /* owned; of the link, for crun; NULL: there is none */
        char *text;      /* owned; of a file that goes with the link, or NULL */
        int said, say;   /* owned; the pipe back, or -1 */
};

#define GATE_NONE ((struct gate){ .read = -1, .write = -1, .said = -1, .say = -1 })

/* Make one in the run directory. What crun is to inherit, read and say, gets numbers from lowest
 * on.
 */
int gate_open(const char *run, int lowest, struct gate *ret, struct error *err);

/* crun has been started: nobody else shall hold its ends. */
void gate_close_inner(struct gate *gate);

/* Let the text be read. file: beside the link, with the same text; NULL: the gate makes one. False
 * where no pipe holds so much; then the gate remains shut. */
bool gate_pass(struct gate *gate, const char *text, size_t length, const char *file);

void gate_close(struct gate *gate);
