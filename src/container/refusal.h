/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What crun says when it refuses a container, in words of who wrote its options. */
#pragma once

#include "spec.h"

/* What is wrong, and what to do; NULL where there is nothing to add to crun's own words. Owned by
 * the caller. */
char *refusal_explain(const struct container_spec *spec, const char *message);
