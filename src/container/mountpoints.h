/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lowest layer of containers: empty places for what is mounted in each of them. Few images have
 * an /etc/hosts. Without it crun makes one, and the kernel a copy of /etc for it, in the layer that
 * the container writes to, and the stop removes both: on a file system with a journal this and its
 * like take 0.3 ms of each start.
 *
 * `mountpoints` lies in the store's directory, as an overlay's files are to be of one file system.
 * It is made once and never changed. What an image has under these names is above it.
 */
#pragma once

#include <stdbool.h>

/* Whether it has this directory or file; any spelling of an absolute path, or NULL. */
bool mountpoints_has(const char *path_or_null);

/* Its path, owned by the caller; NULL where it is not there and cannot be made: nothing depends on
 * it. */
char *mountpoints_layer(const char *storage);
