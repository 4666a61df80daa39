/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where what is in a volume can be seen.
 *
 *   a directory          where it is: nothing has to be mounted
 *   a device or share    mounted for each container, in its mount namespace: the kernel has one
 * file system for all of them, and lets go of the device when the last one ends tmpfs, ramfs, image
 * two mounts of these would be two contents, so there is one, on _data in the machine's mount
 * namespace, made for the first container that needs it. It stays until the volume is removed or
 * the machine restarts: what a container writes to a volume in memory is there after its restart
 */
#pragma once

#include "../base/error.h"
#include "../volume/volume.h"
#include "idmap.h"

struct volume_view {
        char *path;          /* owned; absolute */
        struct strv options; /* owned; what holds where a mount's own options do not differ */
};

void volume_view_free(struct volume_view *view);
#define AUTO_VIEW CLEANUP(volume_view_free)

/* Does it need the layers of its image? */
bool volume_needs_layers(const struct volume *volume);

/* For a volume of driver image: the image's layers, lowest first, and the ids of the container that
 * is to use it, or NULL; all borrowed. The first container's ids are the volume's for ever: what
 * the image has is copied to give it these owners. */
struct volume_image {
        const struct strv *layers;
        const struct idmap *uids, *gids;
        bool used; /* by a container: without ids, it stays as it is */
};

/*
 * Show it. Where something has to be mounted, that is done on target, a directory which is made, in
 * our mount namespace, which has to be a private one. The volume is locked; image_or_null is for
 * those that need layers.
 */
int volume_show(const char *storage, const struct volume *volume, int lock,
                const struct volume_image *image_or_null, const char *target,
                struct volume_view *ret, struct error *err);

/* Is it one that is mounted on _data of the machine, now? */
bool volume_is_held(const char *storage, const char *name);
/* Take that mount away; nobody uses the volume, and it is locked. */
int volume_release(const char *storage, const char *name, struct error *err);
