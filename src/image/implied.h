/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories that a layer's tar has no entry for (layer_result): what the store notes of them
 * beside the layer, in implied/HEX, since cover.h wants to know it whenever another image has that
 * layer. A path is followed by a NUL. A layer without a note has none of these directories.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

/* Write the note at path, which is not there or is replaced as a whole; not synced. */
int implied_write(int dirfd, const char *path, const struct strv *implied, struct error *err);

/* How long the note of these is. */
size_t implied_length(const struct strv *implied);

/* Append what the note at path says; EBADMSG where it is none. */
int implied_read(int dirfd, const char *path, struct strv *implied, struct error *err);
