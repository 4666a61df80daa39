/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copying files and directories between the host and a container, by descriptors alone: each thing
 * is opened once, without following a link, and what was opened is what is copied, whatever a
 * container renames meanwhile. What is there is replaced, but directories, which are merged.
 *
 * To the host go no devices, no setuid and setgid bits and no capabilities: what a container made
 * would work for somebody else there.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct tree_copy {
        bool to_host;
        bool keep_owners; /* else all belongs to uid and gid */
        uint32_t uid, gid;
        void (*warn)(const char *line); /* of what was left out */
};

/* Copy what from (opened with O_PATH) is to the name in the directory to. */
int tree_copy(const struct tree_copy *copy, int from, int to, const char *name, struct error *err);
/* Copy what is in the directory from into the directory to. */
int tree_copy_content(const struct tree_copy *copy, int from, int to, struct error *err);

/* Parts of it, for who reads from an archive. Make room for a thing of that kind: what is there is
 * removed, unless both are directories. */
int tree_copy_make_room(int to, const char *name, mode_t mode, struct error *err);
/* A new file to write to; one that is mounted there is written to instead. */
int tree_copy_open_file(int to, const char *name, struct error *err);
/* A descriptor (O_PATH) of what was just made. EBUSY where it is of another kind: who is in the
 * container has put something else there. */
int tree_copy_open_made(int to, const char *name, mode_t mode, struct error *err);
/* Owner, mode and time of what was made: by its descriptor, because by its name a link that was put
 * there meanwhile would lead to the host. */
int tree_copy_attributes(const struct tree_copy *copy, int fd, const char *name,
                         const struct stat *st, struct error *err);
