/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pausing: the processes of a container stand still in a control group of their own,
 * "crunit-paused" below the container's. The unit's group itself is not frozen, so systemd can stop
 * the unit, start it again or go down as always, and what it starts in there runs. Groups that the
 * container has made are frozen where they are, those of the first level: what it has frozen by
 * itself below stays so. Our own processes (the log pump, a check of its health) go on.
 *
 * All of it is in the kernel's tree: who is killed in the midst of it leaves a container that is
 * paused, and can be paused or unpaused again. Two at once wait for each other.
 */
#pragma once

#include "state.h"

/*
 * Success also where it is paused already. EINVAL: it has no group of its own. ENOTSUP: the groups
 * are of the old hierarchies. EAGAIN: a process does not come to a stand within ten seconds; the
 * others go on then.
 */
int pause_begin(const struct container_state *state, struct error *err);

/* Without an effect where it is not paused. */
int pause_end(const struct container_state *state, struct error *err);

/* Does it stand still, or is it to? Also where somebody has frozen the unit (systemctl freeze) or
 * its slice, which pause_end() leaves to them. */
bool pause_is_on(const struct container_state *state);

/* EAGAIN where it is paused: what enters it would stand still. */
int pause_refuse(const struct container_state *state, struct error *err);
