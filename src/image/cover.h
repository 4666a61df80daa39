/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A layer's tar need not have an entry for each directory its files are in. The layer's own tree,
 * which all images with that layer share, has such a directory as 0755 of root's: it follows from
 * the tar alone. In an image it is the directory of the layers below, with their owner and mode, as
 * if one tar had been unpacked over the other.
 *
 * Where that makes a difference, the image has a cover: a tree of directories, and nothing else,
 * that is mounted above its layers (overlayfs takes a directory's attributes from the uppermost).
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>

enum {
        COVER_MAX_IMPLIED = 128 * 1024 * 1024 /* bytes of an image's implied directories' names */
};

/* EFBIG, for more than that. */
int cover_refuse_implied(struct error *err);

/* A layer that is a directory. */
struct cover_layer {
        int fd;              /* owned */
        struct strv implied; /* owned; layer_result.implied; sorted by cover_make() */
};

void cover_layers_free(struct cover_layer *layers, size_t count);

/* Close and forget them: a file system in one file hides what is below it, so that a cover, which
 * is above all layers, can speak only of those above it. */
void cover_layers_forget(struct cover_layer *layers, size_t *count);

/*
 * Make the cover of these layers (lowest first) as the directory name, which is not there yet, in
 * parent. Returns 1, or 0 where none is needed and none was made. EINTR where *cancel (or NULL)
 * becomes non-zero. On failure, something may be left there.
 */
int cover_make(int parent, const char *name, struct cover_layer *layers, size_t count,
               const volatile sig_atomic_t *cancel, struct error *err);
