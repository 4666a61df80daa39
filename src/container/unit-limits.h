/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits of a container or pod as properties of a unit that systemd makes for it: what
 * src/unit/limits.h writes into files, for a unit that has none.
 */
#pragma once

#include "manager.h"
#include "spec.h"

enum {
        UNIT_LIMITS_MAX = 16, /* more than there are */
        UNIT_LIMITS_DEVICES = SPEC_IO_WRITE_COUNT + 1,
};

/* What properties say is borrowed from the spec and from the lists. */
struct unit_limits {
        struct manager_property properties[UNIT_LIMITS_MAX];
        size_t count;
        struct strv devices[UNIT_LIMITS_DEVICES]; /* owned; "DEVICE NUMBER" */
};

/* With all, also "no limit" of each kind that the spec does not name, for a unit that may have one
 * from earlier. */
void unit_limits_describe(const struct container_spec *spec, bool all, struct unit_limits *ret);
void unit_limits_free(struct unit_limits *limits);
#define AUTO_UNIT_LIMITS CLEANUP(unit_limits_free)
