/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loop devices: a file as a block device. The kernel takes a device away again when the
 * last mount and the last descriptor of it are gone, whoever was killed. All containers of one file
 * share one device, and so its pages in memory.
 */
#pragma once

#include "../base/error.h"

/*
 * The read-only device of a file (borrowed descriptor; name is for messages), opened; ret_path is
 * its path. Both are owned by the caller: the device stays while the descriptor is open or it is
 * mounted.
 */
int loop_attach(int file, const char *name, int *ret_fd, char **ret_path, struct error *err);
/* The same, to be written to; never two of one file, which would be two truths about what is in it.
 * EROFS where it is a read-only device already. */
int loop_attach_writable(int file, const char *name, int *ret_fd, char **ret_path,
                         struct error *err);
