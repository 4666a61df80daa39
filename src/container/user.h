/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of an image, from the /etc/passwd and /etc/group below its root. Nothing of the
 * host's user database is asked. */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Among the groups to add: those the process has that starts the runtime, and no others. */
#define USER_KEEP_GROUPS "keep-groups"

struct user {
        uint32_t uid, gid;
        char *home;       /* owned; "/" where the image does not say */
        uint32_t *groups; /* owned; supplementary groups, without repetition */
        size_t group_count;
        bool known; /* the uid has a line in passwd */
};

/*
 * text is USER[:GROUP], each a name or a number; NULL or "" is root. A user by name must be there;
 * a number may be unknown, its group is 0 then. Without :GROUP the supplementary groups are those
 * that list the user; extra groups (--group-add) come on top; NULL is none.
 */
int user_find(int rootfs_fd, const char *text, const struct strv *extra, struct user *ret,
              struct error *err);
/*
 * The image's passwd with a line for a user it does not know, who would be nobody to programs that
 * ask for a name or a home. NULL where the image has no passwd, or knows the user.
 */
int user_passwd(int rootfs_fd, const struct user *user, const char *home, char **ret,
                struct error *err);

/* The highest id that the image's files of users and groups know, but nobody's (65534); false where
 * there are no such files. */
bool user_highest_known(int rootfs_fd, uint32_t *ret);
/* The same of what is given by number: USER[:GROUP] (or NULL) and more groups. */
uint32_t user_highest_number(const char *text_or_null, const struct strv *groups);

void user_free(struct user *user);
#define AUTO_USER CLEANUP(user_free)
