/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a new volume begins with: what the image has at its mount point, with the owners that the
 * container sees there, or nothing, but with the right owner. A volume that is shown through a
 * mapping of its own (`:idmap`) has the owners stored that the mapping turns into these.
 */
#pragma once

#include "../base/error.h"
#include "idmap.h"
#include "spec.h"
#include "volume-mount.h"

#include <sys/types.h>

/* The container that comes first; all borrowed. */
struct volume_fill {
        int root;  /* its root file system */
        uid_t uid; /* of its user, on the host */
        gid_t gid;
        const struct idmap *uids, *gids; /* its mapping, or NULL where it has none */
};

/* mount: where it is mounted there; path: where the volume can be seen, itself; it is locked. What
 * has content already stays as it is. */
int volume_fill(const struct volume_fill *fill, const struct volume *volume,
                const struct spec_mount *mount, const char *path, int lock, struct error *err);
