/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens when this process is killed (SIGKILL) while it starts a container in a unit's group:
 * a created container waits for its start, and as the first process of its namespace it does not
 * see the SIGTERM systemd sends then, so the unit would hang for the whole of TimeoutStopSec=. A
 * guard, a child of ours without any work, sees our end and kills the group at once.
 */
#pragma once

#include "../base/error.h"

struct guard {
        int alive; /* owned; nobody else holds it: its end is ours */
};

/* As early as possible: the guard inherits what is open. */
int guard_start(struct guard *ret, struct error *err);

/* All is well, or cleaned up: the guard goes. */
void guard_release(struct guard *guard);
