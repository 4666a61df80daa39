/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `inspect` says of the networks of a container or a pod, as podman does: NetworkSettings. */
#pragma once

#include "../container/state.h"

struct json_object;

void network_view_add(const struct container_state *state, const char *run,
                      struct json_object *object);
/* The same for a label (../network/member.h); sandbox: path of the namespace, or NULL. */
void network_view_add_label(const char *label, const char *sandbox, struct json_object *object);

/* The label under which the container's networks and ports are known; owned by the caller. */
char *network_view_label(const struct container_state *state, const char *run);
