/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pod's end. */
#pragma once

#include "../container/pod.h"
#include "network-setup.h"

enum {
        POD_OWN_TIMEOUT = -1 /* each container's own */
};

/* Stop its containers, all at once, and take its namespaces back; timeout in seconds. The record
 * stays. */
int pod_stop(const struct network_setup *setup, struct pod *pod, int timeout, struct error *err);
