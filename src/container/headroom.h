/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In a user namespace the runtime can neither raise a limit of processes nor be spared by the
 * kernel when memory is out: that takes rights over the machine. What the configuration asks for
 * is allowed beforehand, by this process, whose children have it from there.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>

struct json_object;

struct headroom {
        int oom_score; /* ours, as it was */
        bool lowered;
};

/* config: config.json. */
int headroom_make(struct json_object *config, struct headroom *ret, struct error *err);
/* This process is as the others again; higher limits remain allowed. */
void headroom_return(const struct headroom *headroom);
