/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel settings of the network namespace this process is in: only those a network needs, and each
 * that changes the machine as a whole is announced. */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

/* Write net/… unless it has that value. Returns 1 where it was changed, 0 where not. */
int sysctl_set(const char *name, const char *value, struct error *err);
/* The same for a setting of an interface: net/ipv4/conf/IF/name. A kernel without the family has
 * none, which is success. */
int sysctl_set_interface(int family, const char *interface, const char *name, const char *value,
                         struct error *err);

/* Let the machine forward packets of that family; what changes is appended to notes. Interfaces
 * that learn their routes from routers go on doing so. */
int sysctl_forward(int family, struct strv *notes, struct error *err);
