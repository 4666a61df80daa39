/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what was asked for to a whole definition: what is missing is chosen so that it is in
 * nobody's way. */
#pragma once

#include "../base/error.h"
#include "network.h"
#include "pool.h"

struct links;

struct definition_context {
        const char *storage;
        const struct pools *pools;
        struct links *links; /* of the host; its routes are avoided */
};

/*
 * Give the network an id, a time, the name of a bridge, subnets and gateways where it has none.
 * With replaces, that definition's own subnets and bridge are free. What is odd is appended to
 * notes.
 */
int definition_complete(const struct definition_context *context,
                        const struct network *replaces_or_null, struct network *network,
                        struct strv *notes, struct error *err);

/* The default network; made where there is none. preferred: its subnet, if that is free. */
int definition_default(const struct definition_context *context, const struct subnet *preferred,
                       struct network *ret, struct error *err);
