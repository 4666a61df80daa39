/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extended attributes of a file in a layer, but the SELinux label, which is the machine's. */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>

/* Called for each one, in the order of the names' bytes. -1 ends the walk. */
typedef int xattrs_function(void *context, const char *name, const void *value, size_t size,
                            struct error *err);

/* fd may be opened with O_PATH, and is no symbolic link; path is for messages. */
int xattrs_each(int fd, const char *path, xattrs_function *function, void *context,
                struct error *err);

/* Does it say how overlayfs stacks layers? Then it is the layer's own, and not the image's. */
bool xattrs_is_overlay(const char *name);

/* Has it any but overlayfs's? 1, 0, or -1. */
int xattrs_any(int fd, const char *path, struct error *err);

/* Give `to` what `from` has, but overlayfs's. */
int xattrs_copy(int from, int to, const char *path, struct error *err);
