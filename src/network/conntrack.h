/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections the kernel remembers. A UDP flow keeps its target for as long as it goes on, even
 * when its port has come to another container since, or to none. */
#pragma once

#include "../base/error.h"
#include "published.h"

/* Forget all flows to published UDP ports of the list. A kernel that cannot is no error. */
void conntrack_forget(const struct published_list *ports);
