/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verified.h"

#include "../base/cleanup.h"
#include "../base/str.h"
#include "reference.h"

#include <fcntl.h>
#include <sys/xattr.h>

static const char *const verified_names[] = { "trusted.crunit.diff-id", "user.crunit.diff-id" };

enum {
        VERIFIED_NAMES = sizeof verified_names / sizeof *verified_names,
        VERIFIED_SIZE = 80 /* "sha256:" and 64 digits fit */
};

void verified_note(int dirfd, const char *path, const char *diff_id)
{
        AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        for (size_t i = 0; fd >= 0 && i < VERIFIED_NAMES; i++)
                if (fsetxattr(fd, verified_names[i], diff_id, strlen(diff_id), 0) == 0)
                        break;
}

bool verified_blob(int store, const char *digest, const char *diff_id)
{
        AUTO_FREE char *path = NULL;
        AUTO_CLOSE int fd = -1;
        bool known = false;

        if (!digest || !diff_id)
                return false;
        path = str_format("blobs/sha256/%s", digest_hex(digest));
        /* It may be a link to another store's, with the note that it got there. */
        fd = openat(store, path, O_RDONLY | O_CLOEXEC);
        for (size_t i = 0; fd >= 0 && !known && i < VERIFIED_NAMES; i++) {
                char value[VERIFIED_SIZE] = "";

                known = fgetxattr(fd, verified_names[i], value, sizeof value - 1) > 0 &&
                        str_equal(value, diff_id);
        }
        return known;
}
