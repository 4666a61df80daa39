/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the runtime's configuration (config.json: OCI runtime-spec, process and linux.seccomp) says
 * of the way into a container. */
#pragma once

#include "entrance.h"

/*
 * Fill in all of entrance but its init and namespaces, from the configuration in the container's
 * run directory and the seccomp filter that the runtime compiled. EOPNOTSUPP where something in
 * there is not known here. What was filled in before a failure is entrance_close()'s.
 */
int entrance_read_config(const struct container_state *state, const char *run,
                         struct entrance *entrance, struct error *err);
