/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where files of an image go, by name: into a directory, or one behind the other into a tar. What
 * is made appears at its place when it is complete: a tar has a temporary name until then, and a
 * file of a directory as well; a directory that was not there before goes away again. A tar to a
 * pipe or a terminal cannot be taken back.
 *
 * The tar's members all have the same owner, mode and time, so that the same image makes the same
 * tar.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

/* Make path where it is missing; what is in there stays, but for files of the same names. */
int sink_open_directory(const char *path, struct sink **ret, struct error *err);
/* A new file takes path's place at the end; what is there and no regular file (a pipe, a device) is
 * written to. */
int sink_open_tar(const char *path, struct sink **ret, struct error *err);
/* fd and name are borrowed. */
int sink_open_stream(int fd, const char *name, struct sink **ret, struct error *err);

/* One file that the caller writes, to the descriptor (borrowed): nothing but sink_finish() and
 * sink_close() may be called. */
int sink_open_file(const char *path, struct sink **ret, int *ret_fd, struct error *err);

/* Make it permanent: nothing was, or may be, written for good before. */
int sink_finish(struct sink *sink, struct error *err);
/* Without sink_finish(): it was not meant. */
void sink_close(struct sink **sink);
#define AUTO_SINK CLEANUP(sink_close)

/* The directory's descriptor, borrowed; -1 for a tar. */
int sink_directory(const struct sink *sink);

/* Is there a file of that name already, in a directory? Of this size, where it is not UINT64_MAX.
 */
bool sink_has(const struct sink *sink, const char *name, uint64_t size);

/* A file in three steps: its size is known first. Nothing else may come between. */
int sink_begin(struct sink *sink, const char *name, uint64_t size, struct error *err);
int sink_write(struct sink *sink, const void *data, size_t length, struct error *err);
/* EBADMSG where it did not become as large as was said. */
int sink_end(struct sink *sink, struct error *err);

/* All at once. */
int sink_add(struct sink *sink, const char *name, const void *data, size_t length,
             struct error *err);
