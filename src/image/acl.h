/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * POSIX ACLs of an archive's entry in the form the kernel takes them (attributes
 * system.posix_acl_access and system.posix_acl_default): from GNU tar's and star's text records, as
 * libarchive reads them, or from a raw attribute. Users and groups are numbers; an entry that has
 * only a name is left out, since names mean something else here.
 */
#pragma once

#include "../base/error.h"

#include <archive_entry.h>
#include <stddef.h>

enum acl_kind {
        ACL_ACCESS,
        ACL_DEFAULT
};

enum {
        ACL_MAX_ENTRIES = 1024
};

struct acl_blob {
        void *data;    /* owned; NULL while there is none */
        size_t length; /* bytes; 0: no ACL beyond the mode */
};

/* Replace blob by the entry's ACL of that kind. */
int acl_read(struct archive_entry *entry, enum acl_kind kind, struct acl_blob *blob,
             struct error *err);
void acl_free(struct acl_blob *blob);
