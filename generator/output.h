/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The directory of the units, which systemd makes anew, in memory, for every daemon-reload: nothing
 * is synced. A file that is there already is left alone where it is the same, byte for byte, and
 * else replaced by renaming, so that two generators at the same time never mix.
 */
#pragma once

#include "../src/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct output {
        int dirfd;
        bool fresh; /* it was empty: there is nothing to compare with */
};

/* Open the directory, or make it. */
int output_open(struct output *output, const char *path, struct error *err);
void output_close(struct output *output);
#define AUTO_OUTPUT CLEANUP(output_close)

int output_write(const struct output *output, const char *name, const char *data, size_t length,
                 struct error *err);

/* Make a link, and the directory it is in; another one of that name is replaced, a
 * unit is not. */
int output_link(const struct output *output, const char *path, const char *target,
                struct error *err);
