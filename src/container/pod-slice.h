/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits of a pod that no file's slice has: a transient slice of systemd's, from the start of
 * the pod to its end. crunit makes it, and not the program that makes pods, which would have to
 * load the bus's library at each start of a container with a network.
 */
#pragma once

#include "pod.h"

/* "system-crunit\x2dpod\x2dweb.slice" for one without a unit; owned by the caller. */
char *pod_slice_name(const struct pod *pod);

/* Have it made by `crunit pod slice`, if the pod is to have one (pod->slice). The record is
 * written.
 */
int pod_slice_start(const struct pod *pod, struct error *err);
/* The pod has no containers any more. No error where there is none. */
int pod_slice_stop(const struct pod *pod, struct error *err);
