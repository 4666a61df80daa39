/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the services of containers and of Kubernetes files have in common: they run something, and
 * say when it is ready. */
#pragma once

#include "translate.h"

/* [Service] keys of the file that cannot be combined with what crunit does; finds out whether the
 * service is a oneshot. What is wrong is reported, and then -1 is returned. */
int service_check(struct translation *t);

/* Type=, NotifyAccess= and KillMode=. */
void service_add_defaults(struct translation *t);

/* Make path (seen from the container file) the service's WorkingDirectory=, unless the file sets
 * one. */
void service_add_directory(struct translation *t, const char *path);
