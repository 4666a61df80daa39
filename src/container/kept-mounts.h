/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../base/error.h"

/* Mount the volumes and the host's directories that a kept container had, in its root, as it had
 * them; destinations are resolved below root. For a mount namespace of our own, and the data
 * directory of kept.h. What is gone meanwhile is left out. */
int kept_mount_volumes(const char *data, int root, struct error *err);
