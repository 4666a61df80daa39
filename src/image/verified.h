/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of a layer's blob beyond its name: that somebody of us has read it whole, that it
 * has the digest it is named by, and which diff id it unpacks to. An image's documents claim all of
 * that; only a blob with this note may stand for the same claim without being read again. The note
 * is an extended attribute of the blob's file (trusted.crunit.diff-id, or user.crunit.diff-id where
 * we may not set that), so it goes with the file, and files that other tools put into the store
 * have none.
 */
#pragma once

#include <stdbool.h>

/* Put the note on the file path in dirfd. Where the file system takes none, the blob is read again
 * next time. */
void verified_note(int dirfd, const char *path, const char *diff_id);

/* Is blobs/sha256/HEX of the store there, with the note that it unpacks to diff_id? */
bool verified_blob(int store, const char *digest, const char *diff_id);
