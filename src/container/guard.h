/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens when this process is killed (SIGKILL) while it starts a container in a unit's group:
 * a created container waits for its start, and as the first process of its namespace it does not
 * see the SIGTERM systemd sends then, so the unit would hang for the whole of TimeoutStopSec=. A
 * guard, a child of ours, sees our end and kills the group at once.
 *
 * It has no other work. So it can go into an empty network first, for the container to have it: the
 * kernel takes half a millisecond to make one, which passes beside what we do.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct guard {
        int alive; /* owned; nobody else holds it: its end is ours */
        int offer; /* owned; here it says that its network is made; or -1 */
        pid_t pid;
};

#define GUARD_NONE ((struct guard){ .alive = -1, .offer = -1 })

/* As early as possible: the guard inherits what is open. */
int guard_start(bool network, struct guard *ret, struct error *err);

/* The path of its network, as long as it is there; owned. NULL where it has none. */
char *guard_take_network(struct guard *guard);

/* All is well, or cleaned up: the guard goes. */
void guard_release(struct guard *guard);
