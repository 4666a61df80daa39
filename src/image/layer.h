/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A layer's tar (image-spec, layer.md) becomes a directory that overlayfs mounts: ".wh.NAME" a
 * character device 0:0, ".wh..wh..opq" the attribute trusted.overlay.opaque. libarchive reads the
 * tar, tree.h writes the files. Owners are the archive's numbers, never names. Attributes that
 * overlayfs would obey (trusted.overlay.*, user.overlay.*), SELinux labels and file flags of the
 * archive are left out. What it becomes follows from the tar alone: a directory without an entry of
 * its own is root's, 0755, and as old as the newest entry.
 *
 * Each of these stops the unpacking with an error: a path or hard link with "..", a path through a
 * symbolic link or a file, an entry that is shorter than it says, more than LAYER_MAX_ENTRIES
 * entries, more than STREAM_MAX_BYTES bytes.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include "stream.h"

#include <time.h>

enum {
        LAYER_MAX_ENTRIES = 10 << 20, /* ten times the largest known; a million take a minute */
        LAYER_MAX_XATTRS = 256        /* of one entry */
};

struct layer_result {
        struct strv implied;    /* directories without an entry of their own, sorted (cover.h) */
        struct timespec newest; /* of all modification times */
        uint64_t entries;
};

void layer_result_free(struct layer_result *result);

/*
 * Unpack the stream's tar into the empty directory top. The stream is left where the tar ends:
 * stream_finish() has to read the rest before the diff id is right. Sets the process's umask to 0.
 */
int layer_unpack(struct stream *stream, const char *name, int top, struct layer_result *ret,
                 struct error *err);

/* The same for a tar that is no layer: `.wh.` begins names like any others, and top may hold
 * something, which stays where the archive has nothing of that name. Nobody else may write there
 * meanwhile. */
int layer_unpack_plain(struct stream *stream, const char *name, int top, struct error *err);
