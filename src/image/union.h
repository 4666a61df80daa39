/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree that a stack of unpacked layers shows, read without mounting it: of each path the
 * uppermost layer's, without what a layer above hides (overlayfs's whiteouts and opaque
 * directories). Nothing is followed or left: every path is opened beneath its layer.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct union_entry {
        const char *path; /* borrowed; "" is the top */
        size_t layer;     /* which one has it */
        int fd;           /* borrowed; opened with O_PATH */
        struct stat st;
};

/* Does the directory, of one layer, hide what the layers below have in it? fd may be opened with
 * O_PATH. */
bool union_is_opaque(int fd);

/* Called for each path, parents first, names in the order of their bytes. -1 ends the walk. */
typedef int union_function(void *context, const struct union_entry *entry, struct error *err);

/* layers: directories' descriptors, lowest first. */
int union_walk(const int *layers, size_t count, union_function *function, void *context,
               struct error *err);
