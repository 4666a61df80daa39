/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing a container, for other commands that have to. */
#pragma once

#include "../base/error.h"

/* Stop it, within so many seconds (NULL: its own time), and remove what it keeps; one that is gone
 * already is no error. */
int rm_container(const char *name, const char *seconds, struct error *err);
