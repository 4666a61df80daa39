/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The containers that commands find while they run. */
#pragma once

#include "../container/state.h"

/* As state_find(), but where no container of the name runs and one has ended and was not removed,
 * that is said: ESRCH. */
int running_find(const char *name, struct container_state *ret, char **ret_run, struct error *err);

/* Has it ended, and was not removed? */
bool running_has_ended(const char *name);
