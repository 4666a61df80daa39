/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths as text; the file system is not asked. */
#pragma once

#include <stdbool.h>

/* The absolute path without empty, `.` and `..` components and without a slash at the end; `..` at
 * the root stays there. */
char *path_clean(const char *path);

/* Whether path is directory itself or below it; both clean. */
bool path_is_below(const char *path, const char *directory);

/* How many components a clean path has: 0 for "/". */
unsigned path_depth(const char *path);
