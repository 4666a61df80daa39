/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices that a container's root file system has, from its image or its directory, are no devices
 * there. crun mounts the root anew without the flag that says so, so it is set once more when the
 * container has been created, in its own mount namespace, before its program starts; what is
 * mounted in the root (/dev, volumes) keeps what it has. The cgroup's list of devices says no to
 * most of them as well, but not every machine has one, and it knows numbers only.
 * $CRUNIT_MOUNT=classic forces mount(2), for tests.
 */
#pragma once

#include "../base/error.h"

#include <sys/types.h>

/* init: the container's, which waits for its start. This process goes there and comes back: it has
 * no other thread, and ends where it could not come back. */
int nodev_set(pid_t init, struct error *err);
