/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One container as `crunit ps` shows it: the object that --format json prints, that templates take
 * their members from, and that the table and the filters go by. Members as podman's ps has them:
 *
 *   Id, Names (list), Image, ImageID, Command (list), Created (seconds), CreatedAt (RFC 3339),
 *   StartedAt (seconds; 0), State (running, created, exited), Status ("Up 5 minutes"), Pid,
 *   Labels (map), Networks, Ports (lists); and of our own
 *   Unit, UnitState ("active"), UnitSubState ("running"), Addresses (list), RunningFor
 */
#pragma once

#include "../container/census.h"
#include "../container/manager.h"
#include "filter.h"

#include <json-c/json.h>

/* units: what systemd said of theirs; may be empty. Owned by the caller. */
struct json_object *ps_view(const struct census_item *item, const struct manager_units *units);

/* Add Size: what the container wrote, in bytes (rwSize). Walks its files. */
void ps_view_add_size(struct json_object *view, const struct census_item *item);

/* What the functions of filters for views are called with; those that others have as well go by the
 * members Labels, Image, ImageID and Unit. */
struct view_subject {
        struct json_object *view; /* borrowed */
};
/* A member that is text; "" where it has none. */
const char *view_string(const struct view_subject *subject, const char *member);
filter_function view_filter_image, view_filter_label, view_filter_not_label, view_filter_unit;

/* For filter_check(). */
extern const struct filter_kind ps_filters[];

/* Does it pass all of the filters ("status=running")? 1 or 0; -1: a value of them is none. */
int ps_filter(struct json_object *view, const struct strv *filters, struct error *err);
