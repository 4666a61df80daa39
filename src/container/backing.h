/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands behind the mounts of a container that are not just a path: volumes, and images. The
 * order of the steps, around those of the root file system (run.c):
 *
 *   backing_find     images are found, and pulled where they are missing: may take its time, so
 *                    no store is locked before, nor afterwards
 *   (the name is claimed: from here on the state says which volumes and images are in use)
 *   backing_mount    volumes are made where they are missing, and everything gets a path
 *   (the plan is made: it knows the paths, and who the container's user is)
 *   backing_fill     new volumes get what the image has at their mount points
 *   backing_detach   nothing stays mounted in our namespace
 *
 * A volume is locked while it is mounted or filled, one at a time, so that nobody waits for two.
 * Who removes one looks at the states behind its lock: a start that was not seen there finds the
 * volume gone, and makes it anew.
 */
#pragma once

#include "../base/error.h"
#include "facts.h"
#include "fetch.h"
#include "ids.h"
#include "place.h"
#include "spec.h"
#include "state.h"
#include "volume-fill.h"
#include "volume-mount.h"

/* One of the spec's mounts. */
struct backing_item {
        struct store store; /* of an image while it is mounted */
        struct image image;
        struct volume volume;
        struct volume_view view;
        char *path; /* owned; where its source is, or NULL: the mount needs none */
};

struct backing {
        struct backing_item *items; /* owned; as many as the spec has mounts */
        size_t count;
        struct strv mounted; /* owned; where something was mounted, or began to be, in order */
};

/* fetch has the spec, and how images are found. */
int backing_find(const struct fetch *fetch, struct backing *ret, struct error *err);

/* Names of volumes and ids of images, for the state. */
void backing_describe(const struct backing *backing, const struct container_spec *spec,
                      struct container_state *state);

/* The container that it is for; all borrowed. */
struct backing_user {
        const struct fetch *fetch;
        const struct place *place;
        const struct ids *ids;
};

/* In a private mount namespace. What an image has is shown with the container's ids. */
int backing_mount(struct backing *backing, const struct backing_user *user, struct error *err);

/* The paths, for the plan; borrowed from the backing. Freed by the caller. */
struct plan_source *backing_sources(const struct backing *backing);

int backing_fill(const struct backing *backing, const struct fetch *fetch,
                 const struct volume_fill *fill, struct error *err);

void backing_detach(struct backing *backing);
void backing_free(struct backing *backing);
