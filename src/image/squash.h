/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes one read-only file of a directory tree, by mksquashfs (squashfs-tools) or mkfs.erofs
 * (erofs-utils), executed without a shell. Owners, modes, hard links, devices, capabilities and
 * other extended attributes are kept. squashfs keeps seconds of times only, and no ACLs.
 */
#pragma once

#include "../base/error.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

struct squash_options {
        const char *format;      /* "squashfs" or "erofs" */
        const char *compression; /* as the program calls it; NULL: zstd, or lz4hc for erofs */
        time_t created;          /* when the file system says it was made; 0: now */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop with EINTR; or NULL */
};

/* EINVAL for another format, ENOENT where the program is not installed, with what to install. */
int squash_check(const struct squash_options *options, struct error *err);

/* Write the file, which must not be there. What is there after a failure is the caller's. */
int squash_tree(const char *tree, const char *file, const struct squash_options *options,
                struct error *err);

/* How many files of the tree have ACLs. */
int squash_count_acls(const char *tree, size_t *ret, struct error *err);
