/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Giving a mounted root file system the owners that a user namespace needs, where the kernel cannot
 * show them changed (rootfs.h): every file's user and group, and what is said of ids in its rights
 * (file capabilities, ACLs), goes from the inside to the outside of the mapping. Ids that are not
 * mapped stay, and are nobody's in the container. This copies each file's metadata to the writable
 * layer, at least, and takes its time.
 */
#pragma once

#include "../base/error.h"
#include "idmap.h"

/* root: the directory of a file system; what is mounted in it is left alone. -1 with code EINTR
 * when we were told to stop. */
int shift_tree(int root, const struct idmap *uids, const struct idmap *gids, struct error *err);

/* The attributes, as values: each is changed in place or, in the case of capabilities, replaced by
 * one that holds for the namespace whose root
 * that of the old one has become. Returns the new length; 0 where there is nothing
 * to change. Room for SHIFT_CAPS_SIZE bytes is there in any case. */
enum {
        SHIFT_CAPS_SIZE = 24
};
size_t shift_caps(unsigned char *data, size_t length, const struct idmap *uids);
size_t shift_acl(unsigned char *data, size_t length, const struct idmap *uids,
                 const struct idmap *gids);
