/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The act: a pod's namespaces made and taken back. The caller's process is not what it was before,
 * and does nothing else afterwards. */
#pragma once

#include "../container/pod.h"
#include "network-setup.h"
#include "pod-options.h"

/* Make what the record says, which is written and says "creating". On failure nothing is left but
 * the record. */
int pod_up(const struct network_setup *setup, struct pod *pod, const struct pod_request *request,
           struct error *err);

/* Take it back. The pod has no containers any more. */
int pod_down(const struct network_setup *setup, const struct pod *pod, struct error *err);

/* What is left of pods without owners. */
void pod_sweep_all(const struct network_setup *setup);
