/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts a file that is a file system (superblock.h): read-only, without devices. erofs is mounted
 * from the file itself where the kernel can (6.12, on most file systems), everything else through a
 * loop device. The mount belongs to the mount namespace of the caller alone; when that is gone, or
 * the mount is detached and nothing uses it, the kernel takes it away with its loop device.
 */
#pragma once

#include "../base/error.h"

/* Mount the file on a directory. ENODEV where this kernel has no such file system. */
int filesystem_mount(const char *file, const char *directory, struct error *err);
