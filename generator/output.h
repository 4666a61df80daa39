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

/* Make a file that is to be written, empty; -1 where the directory was not empty, or it cannot be
 * made, which output_write() says then. In a directory one process at a time can do this, while all
 * the rest of the writing needs nobody to wait. */
int output_create(const struct output *output, const char *name);

/* Write a file; takes ownership of fd, which is from output_create(). */
int output_write(const struct output *output, const char *name, int fd, const char *data,
                 size_t length, struct error *err);

/* Remove a file that was made and never written, by a process that died. */
void output_drop_empty(const struct output *output, const char *name);

/* Make a link, and the directory it is in; another one of that name is replaced, a
 * unit is not. */
int output_link(const struct output *output, const char *path, const char *target,
                struct error *err);
