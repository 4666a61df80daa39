/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an entry of a tree has besides its content: owner, mode, extended attributes, time. path is
 * for messages. Used by tree.c alone. */
#pragma once

#include "tree.h"

#define TREE_DEFAULT_ACL "system.posix_acl_default"

/* What new files get by themselves: who makes them. */
struct tree_owner {
        uid_t uid;
        gid_t gid;
};

/* All attributes but the default ACL, which what is made in the directory would inherit. Those for
 * users are not worth failing for where the file system has none. */
int tree_set_xattrs(int fd, const char *path, const struct tree_meta *meta, struct error *err);

/* All of it, to a file just made. The order matters: a change of owner takes setuid bits and
 * capabilities away. */
int tree_set_meta(const struct tree_owner *own, int fd, const char *path,
                  const struct tree_meta *meta, struct error *err);

/* The same for what cannot be opened. What was made is looked at once, and no link is followed:
 * into a volume that is imported somebody may look, and put a link in its place. EBUSY where it has
 * become something else. */
int tree_set_meta_at(const struct tree_owner *own, int parent, const char *name, const char *path,
                     const struct tree_meta *meta, struct error *err);
