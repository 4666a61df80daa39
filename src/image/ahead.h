/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a source ahead in a thread of its own, so that two processors share what one source costs:
 * one takes it apart, the other does something with what comes out. The pieces wait in a ring of
 * AHEAD_PIECES buffers.
 */
#pragma once

#include "../base/error.h"

#include <stddef.h>

enum {
        AHEAD_PIECES = 4,
        AHEAD_BYTES = 256 << 10 /* of each */
};

/* The next bytes: in room, which has AHEAD_BYTES, or elsewhere, borrowed until the next call, which
 * costs a copy. Returns 1, 0 at the end, -1. */
typedef int ahead_source(void *context, void *room, const void **ret_data, size_t *ret_length,
                         struct error *err);

struct ahead;

/* From here on, and until ahead_stop() has returned, the source belongs to the thread. */
int ahead_start(ahead_source *source, void *context, struct ahead **ret, struct error *err);

/* As the source; its failure comes behind the bytes that came before it. After 0 the thread has
 * left the source alone. */
int ahead_next(struct ahead *ahead, const void **ret_data, size_t *ret_length, struct error *err);

/* Waits for the call of the source that is under way; what was read is lost. */
void ahead_stop(struct ahead **ahead);
