/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loop devices: a file as a block device, read-only. The kernel takes a device away again when the
 * last mount and the last descriptor of it are gone, whoever was killed. All containers of one file
 * share one device, and so its pages in memory.
 */
#pragma once

#include "../base/error.h"

/*
 * The device of a file (borrowed descriptor; name is for messages), opened; ret_path is its path.
 * Both are owned by the caller: the device stays while the descriptor is open or it is mounted.
 */
int loop_attach(int file, const char *name, int *ret_fd, char **ret_path, struct error *err);
