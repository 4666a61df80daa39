/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Giving a tree of the host to the container's user, for volumes with `:U`. Symbolic links are
 * changed themselves and never followed, entries that already have the right owner are left alone,
 * and directories the system itself lives in are refused, since one slip of the pen there costs the
 * machine.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <sys/types.h>

/* path is absolute; the tree may hold mount points, which are gone into. */
int ownership_give(const char *path, uid_t uid, gid_t gid, struct error *err);

/* Is this (without links and dots in it) a directory of the system? */
bool ownership_is_system(const char *path);
