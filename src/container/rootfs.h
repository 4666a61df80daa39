/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container's root file system, mounted in a mount namespace of our own: the container takes
 * it over, and when both are gone so is the mount, whatever happened in between.
 *
 * Several layers are one overlay, made by the new mount interface; kernels whose overlay does not
 * know "lowerdir+" (before 6.7) get mount(2) with names short enough for its one page. Both take
 * 500 layers, the kernel's limit. Nobody on the host can open devices of layers (nodev); for the
 * container see nodev.h. $CRUNIT_MOUNT=classic forces the second way, for tests.
 *
 * For a user namespace each layer is mounted with the namespace's ids (mount_setattr(2)). Where the
 * layers' file system, or overlay (before Linux 5.19), cannot do that, the layers are used as they
 * are and `shift` says so. $CRUNIT_IDMAP=never forces that, for tests.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>

enum {
        ROOTFS_LAYERS_MAX = 500
};

struct rootfs {
        struct strv layers;  /* owned; absolute directories, or files that are file systems
                                (filesystem.h), lowest first; with --rootfs just one directory */
        struct strv mounted; /* owned; where such files were mounted meanwhile */
        bool bind;           /* that one is the root itself, with what is mounted in it */
        int writable;        /* borrowed; directory with upper and work, or -1: read-only */
        bool map;            /* the layers are to have the ids of this user namespace: */
        int users;           /* borrowed */
        struct strv plain;   /* owned; the layers as they were before, where they have those ids */
        bool shift;          /* they could not be given them: who mounts it changes the owners */
        bool fresh;          /* upper is new: after a crash nobody wants it, so nothing is synced */
};

void rootfs_free(struct rootfs *rootfs);

/* Leave the mounts of the rest of the system: what is mounted from now on is private, but below the
 * directories of shared, which the rest of the system goes on to see. Directories opened before
 * cannot be part of an overlay any more. */
int rootfs_unshare(const struct strv *shared, struct error *err);

/* Mount the layers that are files, and all with the ids of the user namespace where there is one,
 * in `run`/lower, and put these directories in their place: they can be looked into then. After
 * rootfs_unshare(), before rootfs_mount(), which takes them away again: the root holds what it
 * needs of them. */
int rootfs_mount_layers(struct rootfs *rootfs, const char *run, struct error *err);
/* For who gives up between the two. */
int rootfs_detach_layers(struct rootfs *rootfs, const char *run, struct error *err);

/* Mount it on the directory `run`/rootfs, which is made; scratch names for mount(2) go to `run`.
 * The process's working directory is kept. */
int rootfs_mount(struct rootfs *rootfs, const char *run, struct error *err);

/* The same on any directory that is there; layers that are files are mounted on the way. */
int rootfs_mount_on(struct rootfs *rootfs, const char *run, const char *target, struct error *err);

/* The first 500 are allowed: a clear error before anything is mounted. */
int rootfs_check(const struct rootfs *rootfs, struct error *err);

/* Whether the overlay of a kernel with this uname(2) release can refuse a word by itself. */
bool rootfs_kernel_reads_words(const char *release);
