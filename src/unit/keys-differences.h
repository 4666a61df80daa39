/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is different about a key, compared with Podman's Quadlet. */
#pragma once

#include "keys.h"

#include <stdbool.h>

/* One sentence without a full stop, in mdoc(7); or NULL where nothing is. */
const char *keys_difference(const struct unit_key *row);

/* Whether each of them is about a key that exists. */
bool keys_differences_fit(void);
