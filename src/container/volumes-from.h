/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --volumes-from CONTAINER[:OPTIONS]: the directories of the host, volumes and anonymous volumes
 * that another container has, at the same places. The other may run or be kept; its state
 * (state.h) has the list. What it has in memory is its own, and a mount of the new container
 * takes the place of one that would come from others.
 *
 * OPTIONS are ro and rw, instead of what holds there; z and Z have no meaning of their own.
 */
#pragma once

#include "../base/error.h"
#include "plan.h"
#include "spec.h"
#include "state.h"

/* Add the mounts to the spec; of two others that have something at one place, the last counts. */
int volumes_from_apply(struct container_spec *spec, const char *storage,
                       void (*warn)(const char *line), struct error *err);

/* Note in the state what others may want of this one. */
void volumes_from_describe(const struct container_spec *spec, const struct plan *plan,
                           struct container_state *state);
