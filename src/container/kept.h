/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Containers that have ended and were not removed (without --rm). Their data directories
 * (place.h) hold, beside what the container wrote,
 *
 *   state.json   as it was (state.h)
 *   config.json  what the runtime got: `crunit inspect` and `crunit cp` find the mounts there
 *   start.json   how to start it again (record.h)
 */
#pragma once

#include "state.h"

struct kept {
        struct container_state state; /* no process stands behind it */
        char *label, *data;           /* owned; NAME@UNIT, and its data directory */
};

void kept_free(struct kept *kept);
#define AUTO_KEPT CLEANUP(kept_free)

/* By name, or by what its id begins with. Where several have the name, that of the label is taken
 * (NULL: any). ENOENT where there is none, EEXIST where several ids begin so. */
int kept_find(const char *name, const char *storage, const char *label_or_null, struct kept *ret,
              struct error *err);

/* Give it another label: what it wrote goes on as that one's. EEXIST where that has something. */
int kept_move(struct kept *kept, const char *storage, const char *label, struct error *err);
