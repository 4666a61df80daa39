/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of what `crunit ps` lists. */
#pragma once

#include "../base/error.h"

#include <json-c/json.h>

/*
 * Put a list of views (ps-view.h) into the order of one of command, created, id, image, names,
 * runningfor, size and status; created has the newest first. EINVAL for any other.
 */
int ps_sort(struct json_object *list, const char *by, struct error *err);
