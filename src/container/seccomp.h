/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Seccomp profiles in the containers' JSON format (defaultAction, archMap, syscalls with includes
 * and excludes by architecture, capability and kernel), evaluated for one container into the
 * linux.seccomp of its configuration. The result depends on the profile, the machine and the
 * capabilities alone, and its text is always the same for the same three: the runtime caches the
 * filter it compiles by that text.
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"

#include <stdint.h>

struct seccomp_target {
        const char *machine; /* as uname(2) names it: x86_64, aarch64, … */
        const char *kernel;  /* its release: 6.1.0-18-amd64 */
        uint64_t caps;       /* the container's bounding set */
};

/* *ret_seccomp is a new object, owned by the caller. */
int seccomp_evaluate(struct json_object *profile, const struct seccomp_target *target,
                     struct json_object **ret_seccomp, struct error *err);
