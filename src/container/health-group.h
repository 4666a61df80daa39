/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control group of a container's health checks, below the container's own: what is in there can
 * be killed all together. It is there while there is a check: Linux takes a group for frozen as
 * soon as all groups below it are, which an empty one is at once, and once more when its own
 * processes have stopped. systemd, told to freeze the unit, takes what is between the two for a
 * failure. */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>

/*
 * A new group, in place of an old one, in which nobody is. Kernels kill whatever is made in a group
 * that was killed once (6.14 and later do), so no group is used again after that. Where the old one
 * cannot be removed, it is used, and entered by hand: ret_used. path: the container's control
 * group. Returns a descriptor of the directory.
 */
int health_group_make(const char *path, bool *ret_used, struct error *err);

/* Somebody is asking, or has left it. */
bool health_group_exists(const char *path);

/* Without an effect where somebody is in it. */
void health_group_remove(const char *path);

/* Also where it cannot be read: it is gone then. */
bool health_group_is_empty(int group, struct strv *ret_pids);

/* Nobody is left in the group when this is done, but what not even SIGKILL ends. */
void health_group_kill(int group);
