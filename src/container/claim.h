/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's name belongs to one living container of the machine. */
#pragma once

#include "../base/error.h"

#include <stdbool.h>

struct container_state;
struct place;

/*
 * Take the name: EEXIST where a living container has it (also one that is just being started);
 * what a dead one left in its run directory is removed. With replace, a living container of this
 * very place is killed first, never one of another unit. Makes the place's run directory and
 * writes state (with its starter) into it; from then on others see the name as taken.
 */
int claim_name(const struct place *place, const struct container_state *state, bool replace,
               struct error *err);

/* Remove what runs from a shell left that were killed, and the writable layers below the store
 * whose containers have no run directory: what crashes and reboots left. Kept ones stay. Failures
 * are not worth a word: the next start tries again. */
void claim_sweep(const char *storage);
