/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that follow from a container file: of its unit and of what the unit makes. */
#pragma once

#include "set.h"

/* Fill in service and resource of all sources that are not elsewhere; reports names that are not
 * valid. */
void name_sources(struct unit_set *set, struct report *report);

/* Report units that two files would make; the first keeps it. */
void name_compare(struct unit_set *set, struct report *report);

/* The unit of a container file and the name of what it makes (both may be NULL pointers). Where
 * only the template of an instance exists, they are the template's with this instance. */
int name_resolve(const struct unit_set *set, const char *file, char **ret_service,
                 char **ret_resource, struct error *err);

/* The file itself, or the template of which it is an instance; borrowed from the set, or NULL. */
const struct unit_source *name_find(const struct unit_set *set, const char *file);

/* The name of a slice for what belongs to a service (base/slice.h). Owned. */
char *name_slice(const struct unit_set *set, const char *service);

/* Whether containers and pods may have that name, as far as that is known: it may hold specifiers
 * and variables. */
bool name_is_resource(const char *name);

/* Whether the name is a template's (a@) or an instance's (a@i). */
bool name_is_template(const char *name);
bool name_is_instance(const char *name);
