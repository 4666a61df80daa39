/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "acl.h"

#include "../base/str.h"

#include <archive.h>
#include <endian.h>
#include <errno.h>
#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdint.h>

static const struct acl_tag {
        int archive;
        uint16_t kernel;
} acl_tags[] = {
        { ARCHIVE_ENTRY_ACL_USER_OBJ, ACL_USER_OBJ },   { ARCHIVE_ENTRY_ACL_USER, ACL_USER },
        { ARCHIVE_ENTRY_ACL_GROUP_OBJ, ACL_GROUP_OBJ }, { ARCHIVE_ENTRY_ACL_GROUP, ACL_GROUP },
        { ARCHIVE_ENTRY_ACL_MASK, ACL_MASK },           { ARCHIVE_ENTRY_ACL_OTHER, ACL_OTHER },
};

void acl_free(struct acl_blob *blob)
{
        free(blob->data);
        *blob = (struct acl_blob){ 0 };
}

/* The kernel's order is by tag and then by id; libarchive's is the archive's. */
static int acl_compare(const void *a, const void *b)
{
        const struct posix_acl_xattr_entry *x = a, *y = b;
        uint32_t x_id = le32toh(x->e_id), y_id = le32toh(y->e_id);

        if (x->e_tag != y->e_tag)
                return le16toh(x->e_tag) < le16toh(y->e_tag) ? -1 : 1;
        return x_id == y_id ? 0 : x_id < y_id ? -1 : 1;
}

static size_t acl_convert(struct archive_entry *entry, int type,
                          struct posix_acl_xattr_entry *entries)
{
        int permset, tag, id, entry_type;
        const char *name;
        size_t count = 0;

        while (archive_entry_acl_next(entry, type, &entry_type, &permset, &tag, &id, &name) ==
               ARCHIVE_OK) {
                for (size_t i = 0; i < sizeof acl_tags / sizeof *acl_tags; i++) {
                        bool named =
                                tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;

                        if (acl_tags[i].archive != tag || (named && id < 0))
                                continue;
                        entries[count++] = (struct posix_acl_xattr_entry){
                                .e_tag = htole16(acl_tags[i].kernel),
                                .e_perm = htole16((uint16_t)(permset & 7)),
                                .e_id = htole32(named ? (uint32_t)id : ACL_UNDEFINED_ID),
                        };
                }
        }
        qsort(entries, count, sizeof *entries, acl_compare);
        return count;
}

/* The attribute as it was on the machine the archive was made on. */
static void acl_read_raw(struct archive_entry *entry, const char *wanted, struct acl_blob *blob)
{
        const char *name;
        const void *value;
        size_t length;

        archive_entry_xattr_reset(entry);
        while (archive_entry_xattr_next(entry, &name, &value, &length) == ARCHIVE_OK) {
                if (!str_equal(name, wanted) || !length || length > XATTR_SIZE_MAX)
                        continue;
                acl_free(blob);
                blob->data = alloc_zero(length, 1);
                memcpy(blob->data, value, length);
                blob->length = length;
        }
}

int acl_read(struct archive_entry *entry, enum acl_kind kind, struct acl_blob *blob,
             struct error *err)
{
        int type =
                kind == ACL_ACCESS ? ARCHIVE_ENTRY_ACL_TYPE_ACCESS : ARCHIVE_ENTRY_ACL_TYPE_DEFAULT;
        int count = archive_entry_acl_reset(entry, type);
        struct posix_acl_xattr_header *header;
        size_t used;

        acl_free(blob);
        if (count > ACL_MAX_ENTRIES)
                return error_set(err, EFBIG, "has an ACL of more than %d entries", ACL_MAX_ENTRIES);
        if (count <= 0) {
                acl_read_raw(entry,
                             kind == ACL_ACCESS ? "system.posix_acl_access"
                                                : "system.posix_acl_default",
                             blob);
                return 0;
        }
        header = alloc_zero(1,
                            sizeof *header + (size_t)count * sizeof(struct posix_acl_xattr_entry));
        header->a_version = htole32(POSIX_ACL_XATTR_VERSION);
        used = acl_convert(entry, type, (struct posix_acl_xattr_entry *)(void *)(header + 1));
        blob->data = header;
        blob->length = used ? sizeof *header + used * sizeof(struct posix_acl_xattr_entry) : 0;
        return 0;
}
