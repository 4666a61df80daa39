/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who uses a volume. */
#pragma once

#include "census.h"

/* Names of the containers that do, running or kept. */
void volume_users(const struct census *census, const char *name, struct strv *ret);
