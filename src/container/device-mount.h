/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts what `mount -t TYPE -o WORDS DEVICE` would, by the kernel itself: a block device (also
 * LABEL=, UUID=, PARTLABEL=, PARTUUID=), a file that holds a file system (through a loop device), a
 * share of an NFS server (whose name is looked up here, since the kernel does not), or nothing, as
 * for tmpfs. Types that have a program of their own (/sbin/mount.TYPE, FUSE) are left to mount(8),
 * which knows how to call it.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdint.h>

struct device_mount {
        const char *type, *device; /* borrowed; device may be NULL */
        const struct strv *words;  /* borrowed; as in fstab(5) */
        int64_t uid, gid;          /* given to file systems that do not keep owners, or -1 */
};

/* Mount it on the directory, in the mount namespace we are in. */
int device_mount(const struct device_mount *mount, const char *directory, struct error *err);

/* Whether the file system takes its owner from uid= and gid=. */
bool device_mount_takes_owner(const char *type);
