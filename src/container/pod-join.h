/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a container that starts gets the namespaces of its pod. */
#pragma once

#include "../base/error.h"
#include "netjoin.h"
#include "place.h"
#include "spec.h"
#include "state.h"

/* Note in the state whose it is; nothing to do without a pod. ESRCH where that is not running. */
int pod_join(const struct container_spec *spec, struct container_state *state, struct error *err);

/* The container is gone: a pod that ends with its last one is stopped, unless it is a unit's, whose
 * end is systemd's work. */
void pod_leave(const struct container_state *state);

/* Take the pod's network, and have the container found there by its names. */
int pod_join_network(const struct container_spec *spec, const struct container_state *state,
                     const struct place *place, struct netjoin *ret, struct error *err);
