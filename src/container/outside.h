/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A unit's DevicePolicy= holds for everything in its cgroup: for the container as it should, and
 * for us. What opens devices to mount them is done by a process that leaves that cgroup for the one
 * of systemd itself, in our mount namespace.
 */
#pragma once

#include "../base/error.h"

typedef int outside_function(void *context, struct error *err);

/* Call the function in such a process and wait for it; its error is ours. what is for messages. */
int outside_run(const char *what, outside_function *function, void *context, struct error *err);
/* Call it here, and where it is not permitted (EPERM), outside. */
int outside_if_needed(const char *what, outside_function *function, void *context,
                      struct error *err);
