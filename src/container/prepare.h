/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan says has to be there before the runtime reads config.json: directories, owners,
 * files. */
#pragma once

#include "../base/error.h"
#include "plan.h"

struct prepare {
        const struct plan *plan; /* borrowed */
        const char *run;         /* borrowed; the run directory */
        int root;                /* borrowed; the root file system */
};

int prepare_container(const struct prepare *prepare, struct error *err);
