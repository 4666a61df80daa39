/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a directory takes of its disk. */
#pragma once

#include <stdint.h>

/*
 * Bytes in blocks of everything below path (no link is followed); a file with several names counts
 * with its part of them. What cannot be read, and directories more than 200 deep, count nothing.
 */
uint64_t disk_use(const char *path);
