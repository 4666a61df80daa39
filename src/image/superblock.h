/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What file system a file holds, from its first bytes: squashfs (version 4, superblock at 0) or
 * erofs (superblock at 1024). Both are little-endian and say how long they are; a file that is
 * shorter than that is refused here, everything further in is the kernel's to check.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct superblock {
        const char *type; /* static; the kernel's name: "squashfs", "erofs" */
        uint64_t bytes;   /* how long it says it is; at most the file's size */
        time_t created;
};

/* Do these first bytes of a file say that it is one of them? */
bool superblock_begins(const void *data, size_t length);

/*
 * Returns 1, or 0 where the file is neither. EBADMSG where it begins like one and cannot be one:
 * cut off, of a version or a geometry nobody mounts, or in need of further devices. name is for
 * messages; the descriptor's position is not moved.
 */
int superblock_read(int fd, const char *name, struct superblock *ret, struct error *err);
