/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filling a new volume with what the image has at its mount point: a copy of a tree with modes,
 * owners, times, extended attributes, hard links, devices, fifos and sparse files.
 */
#pragma once

#include "../base/error.h"

/*
 * Copy what is in `source` (a path within the file system behind root, resolved there) into the
 * existing, empty directory `target`, and give that the source's mode, owner and attributes.
 * Returns 1, or 0 where the source does not exist or is no directory: nothing is done then.
 */
int volume_copy(int root, const char *source, const char *target, struct error *err);
/* The mode, owner and attributes alone. */
int volume_copy_attributes(int root, const char *source, const char *target, struct error *err);
