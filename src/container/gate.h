/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where crun waits for its configuration. Until it reads it, crun has loaded its libraries and
 * looked around: that takes as long as our own preparations, and goes on beside them.
 *
 * crun reads the file twice, the second time to copy it into its own state. So the name it is given
 * is a link: first to a pipe that crun has inherited, on which it waits, and then, just before the
 * text is written into the pipe, to config.json itself. Whichever crun opens, and whenever, it
 * reads the whole. When this process ends before, crun finds the pipe at its end, without a
 * configuration, and ends as well; it has made nothing until then.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct gate {
        int read, write; /* owned; the pipe, or -1 */
        char *path;      /* owned; of the link, for crun; NULL: there is none */
};

#define GATE_NONE ((struct gate){ .read = -1, .write = -1 })

/* Make one in the run directory. The read end gets a number from lowest on, under which it is to
 * be inherited. */
int gate_open(const char *run, int lowest, struct gate *ret, struct error *err);

/* The reader has been started: nobody else shall hold its end. */
void gate_close_read(struct gate *gate);

/* config.json is there, with this text: let it be read. False where no pipe holds so much; then
 * the gate remains shut. */
bool gate_pass(struct gate *gate, const char *text, size_t length);

void gate_close(struct gate *gate);
