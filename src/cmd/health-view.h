/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a container's health is shown. run is its run directory; where nobody asks for its health,
 * nothing is shown. */
#pragma once

#include "../container/health.h"

struct json_object;

/* Into inspect's members, as podman has them: State.Health, and the settings into Config. */
void health_view_add_state(const char *run, struct json_object *state);
void health_view_add_config(const char *run, struct json_object *config);

/* " (healthy)", or "". Owned. */
char *health_view_suffix(const char *run_or_null);

/* "healthy", or "". Static. */
const char *health_view_status(const char *run_or_null);
