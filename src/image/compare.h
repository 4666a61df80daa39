/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Are two unpacked trees of one layer the same: names, types, owners, modes, times, sizes, devices,
 * links, extended attributes, content?
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>

/*
 * Compare what is at descriptor found with what should be, at descriptor right. Returns 0, or 1
 * with *ret_difference, the first one, owned by the caller: "etc/passwd has another content".
 */
int compare_trees(int found, int right, const volatile sig_atomic_t *cancel, char **ret_difference,
                  struct error *err);
