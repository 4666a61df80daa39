/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mounts that hold a pod's namespaces. They are made where systemd's own mounts are, whatever
 * mount namespace this process is in, so that all containers see them.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "ids.h"
#include "pod.h"

#include <stdint.h>

struct pod_hold {
        const struct pod *pod;      /* borrowed, as all here; its namespaces are the ones to make */
        int network;                /* a descriptor of the one for net, or -1 */
        const struct ids *ids;      /* its user namespace, which has made the others; or none */
        uint64_t shm_size;          /* bytes; 0 is unlimited */
        const struct strv *sysctls; /* NAME=VALUE, set in these namespaces */
};

/* Make the namespaces and hold them. Afterwards this process is in those for ipc and uts. */
int pod_hold(const struct pod_hold *hold, struct error *err);

/* Let go of what is held for a pod; the kernel ends each namespace with its last process. Also
 * right for one of which only a part was made, or is left. */
int pod_release(const char *name, struct error *err);

/* Let go, and remove the pod's directory. */
int pod_remove(const char *name, struct error *err);

/* Whether there are pods without owners: their unit has gone, or whoever made them was killed. */
bool pod_is_any_stale(void);
/* Remove these. */
void pod_sweep(void);
