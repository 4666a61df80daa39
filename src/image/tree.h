/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes a directory tree from a list of entries that nobody trusts. Every directory is opened
 * beneath the top without following a link (openat2), the last component is never followed, and
 * names with ".." do not get that far: nothing outside the top is touched. What is there already is
 * replaced, so that of two entries with one name the last one counts.
 *
 * The process's umask has to be 0 (modes are set when a file is made, not by a call of their own),
 * and the tree must not be reachable for others while it grows.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

enum {
        TREE_MAX_PATH = 4095,       /* bytes; PATH_MAX without its NUL */
        TREE_MAX_NAMES = 256 << 20, /* bytes of directories' names that are remembered to the end */
        TREE_MAX_IMPLIED =
                32 << 20,   /* bytes of those without an entry, which others remember too */
        TREE_NAME_COST = 48 /* bytes for each of them, beside the name */
};

/* An extended attribute, as the kernel takes it. Borrowed by the functions below. */
struct tree_xattr {
        const char *name;
        const void *value;
        size_t length;
};

struct tree_meta {
        mode_t mode; /* type and permission bits */
        uid_t uid;
        gid_t gid;
        dev_t device;
        struct timespec mtime;
        const struct tree_xattr *xattrs; /* borrowed; security.capability last */
        size_t xattr_count;
};

struct tree;

/* top is borrowed and empty. */
struct tree *tree_new(int top);
void tree_free(struct tree **tree);
#define AUTO_TREE CLEANUP(tree_free)

/*
 * Bring a path from outside into the form that the functions below take: without leading or double
 * slashes and "." components; "" is the top itself. EINVAL for "..", ENAMETOOLONG beyond
 * TREE_MAX_PATH. Owned by the caller.
 */
int tree_clean_path(const char *path, char **ret, struct error *err);

int tree_add_directory(struct tree *tree, const char *path, const struct tree_meta *meta,
                       struct error *err);
int tree_add_symlink(struct tree *tree, const char *path, const char *target,
                     const struct tree_meta *meta, struct error *err);
int tree_add_hardlink(struct tree *tree, const char *path, const char *target, struct error *err);
/* Devices, fifos, sockets. */
int tree_add_node(struct tree *tree, const char *path, const struct tree_meta *meta,
                  struct error *err);

/* A file in two steps: open it, write to the descriptor (owned by the caller), finish it. */
int tree_open_file(struct tree *tree, const char *path, const struct tree_meta *meta, int *ret_fd,
                   struct error *err);
int tree_finish_file(struct tree *tree, int fd, const char *path, const struct tree_meta *meta,
                     struct error *err);

/* Hide what lower layers have under this path, in overlayfs's form; what this layer itself has
 * there stays, and hides more by itself. */
int tree_add_whiteout(struct tree *tree, const char *path, struct error *err);
/* Hide all that lower layers have in this directory. */
int tree_add_opaque(struct tree *tree, const char *path, struct error *err);

/* Give the directories their times and special bits, now that nothing is added any more. */
int tree_finish(struct tree *tree, struct error *err);

/* Directories that had to be made because something was in them, 0755 and this process's, and that
 * had no entry of their own; the top (".") as well where it had none. What replaced one later may
 * be in its place. After tree_finish(), once; appended to list, in the order of their bytes. */
void tree_list_implied(struct tree *tree, struct strv *list);
