/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of load.h that is about root file systems without an image around them: a tar, or a file
 * that is a file system (superblock.h). Their name and settings come from beside them.
 */
#pragma once

#include "load-plan.h"
#include "load.h"
#include "store-work.h"

/* Name the image by options->tag or the file's name. */
int load_rootfs_name(const struct load_options *options, char **ret, struct error *err);

/* What FILE.json, or options->config, and options->changes say. The plan has that one image. */
int load_rootfs_describe(const struct load_options *options, struct load_plan *plan,
                         struct error *err);

/*
 * What becomes the blob of a file system that is not copied: a symbolic link to options->path, or
 * the file itself (fd) where it may be taken over, as NAME in the work directory. What is needed to
 * notice that it was replaced goes to the layer.
 */
int load_rootfs_link(const struct load_options *options, const struct store *store,
                     const struct work *work, int fd, const char *name, struct load_layer *layer,
                     struct error *err);
