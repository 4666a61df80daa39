/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [Install]: the links that `systemctl enable` would make; units from generators cannot be enabled,
 * so the generator makes them. */
#pragma once

#include "reader.h"
#include "report.h"

struct install_link {
        char *path;   /* owned; relative to the directory of the units */
        char *target; /* owned; relative to the link */
};

struct install {
        struct install_link *links; /* owned */
        size_t count;
        size_t capacity;
};

/* The links of a unit of this name. Start with { 0 }. What cannot be is a warning. */
void install_plan(const struct unit_file *unit, const char *service, struct install *ret,
                  struct report *report);
void install_free(struct install *install);
#define AUTO_INSTALL CLEANUP(install_free)
