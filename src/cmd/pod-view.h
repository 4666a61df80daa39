/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that is known of a pod, for people and as JSON; members as in podman's where it has them. */
#pragma once

#include "../container/pod.h"
#include "../network/join.h"

struct json_object;

struct pod_view {
        struct pod pod;
        struct pod_members members;
        struct joined joined; /* its networks and ports; empty where it has none of its own */
        struct strv labels;
};

struct pod_views {
        struct pod_view *items; /* owned */
        size_t count;
};

int pod_view_load(const char *name_or_id, struct pod_view *ret, struct error *err);
void pod_view_free(struct pod_view *view);
void pod_views_free(struct pod_views *views);

/* "Running", "Stopped" …; static. */
const char *pod_view_status(const struct pod_view *view);

/* One of a list, and by itself; owned by the caller. */
struct json_object *pod_view_to_list(const struct pod_view *view);
struct json_object *pod_view_to_json(const struct pod_view *view);
