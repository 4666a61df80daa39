/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files, by descriptor. Paths are relative to dirfd (AT_FDCWD for the process's own directory). All
 * descriptors are close-on-exec. Failures say which path and why.
 */
#pragma once

#include "error.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Read a whole file of at most max bytes; the result is NUL-terminated behind its length. EFBIG
 * beyond max. */
int io_read_file(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_length,
                 struct error *err);
int io_read_fd(int fd, const char *name, size_t max, char **ret_data, size_t *ret_length,
               struct error *err);

/* Write all of it, going on after short writes and signals. */
int io_write_all(int fd, const void *data, size_t length);

enum io_sync {
        IO_NO_SYNC, /* state that dies with the boot */
        IO_SYNC,    /* truth: on disk before the name changes, and the name before we return */
};

/* Replace path by a file with this content: written aside under a name of its own, then renamed. */
int io_write_file(int dirfd, const char *path, const void *data, size_t length, mode_t mode,
                  enum io_sync sync, struct error *err);

/* The same where nobody has a directory of that name on purpose: it goes. */
int io_write_over(int dirfd, const char *path, const void *data, size_t length, mode_t mode,
                  enum io_sync sync, struct error *err);

/* The directory that path is in goes on disk, and with it what was renamed to path. -1 with errno.
 */
int io_sync_directory_of(int dirfd, const char *path);

/* Make the directory and its parents (mode for all of them); what exists stays as it is. */
int io_make_dirs(int dirfd, const char *path, mode_t mode, struct error *err);

/* Wait for the lock that all who change a directory take: the file `lock` in it; both are made
 * where they are missing. Returns its descriptor; closing it gives the lock up. */
int io_lock_directory(const char *directory, struct error *err);

/* Open path inside dirfd's tree as a program with that root would see it: `..` and absolute links
 * never leave it (openat2). */
int io_open_in_root(int dirfd, const char *path, int flags, mode_t mode);
/* The same for reading a regular file; ENOENT where it is something else, which is not opened. */
int io_open_file_in_root(int dirfd, const char *path);

/* Open path inside dirfd's tree, following no link at all (openat2 RESOLVE_BENEATH |
 * RESOLVE_NO_SYMLINKS). */
int io_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

struct stat;

/* Whether both are of one file, directory or namespace. */
bool io_same_file(const struct stat *a, const struct stat *b);
/* Whether fd is open on what path leads to; name: on what has that name in dir, itself no link. */
bool io_is_at(int fd, const char *path);
bool io_is_named(int dir, const char *name, int fd);

/* Remove a file or a whole tree; never follows a link, never leaves the file system it starts on.
 * ENOENT is success. */
int io_remove_tree(int parent, const char *path, struct error *err);

/* Call function for each name in a directory, but "." and "..", until it fails. */
typedef int io_name_function(int dir, const char *name, void *context, struct error *err);
int io_each_name(int parent, const char *path, io_name_function *function, void *context,
                 struct error *err);
