/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `inspect` says of a container's networks, as podman does: NetworkSettings. */
#pragma once

#include "../container/state.h"

struct json_object;

/* run: the container's run directory. */
void network_view_add(const struct container_state *state, const char *run,
                      struct json_object *object);
