/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file of registries.conf(5), added to what was read before: used by registries.c alone. */
#pragma once

#include "registries.h"

enum registries_file {
        REGISTRIES_MAIN,   /* format 1 or 2 */
        REGISTRIES_DROPIN, /* format 2 */
        REGISTRIES_NOTED   /* aliases, and nothing else */
};

/* Parse the text of a file and merge it into registries. */
int registries_add_text(struct registries *registries, enum registries_file kind, const char *path,
                        const char *text, size_t length, struct error *err);

void registries_location_free(struct registries_location *location);
void registries_entry_free(struct registries_entry *entry);
