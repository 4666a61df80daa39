/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "superblock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        EROFS_AT = 1024,
        EROFS_LENGTH = 128,
        EROFS_LEAST_SHIFT = 9,
        EROFS_MOST_SHIFT = 16,
        EROFS_DEVICES = 0x8, /* incompatible feature: data on further devices */
        EROFS_48BIT = 0x80,  /* likewise: more than 32 bits of blocks */
        SQUASHFS_LENGTH = 96,
        SQUASHFS_LEAST_SHIFT = 12,
        SQUASHFS_MOST_SHIFT = 20,
        SUPERBLOCK_READ = EROFS_AT + EROFS_LENGTH,
};

static const unsigned char squashfs_magic[4] = "hsqs";
static const unsigned char erofs_magic[4] = { 0xe2, 0xe1, 0xf5, 0xe0 };

static uint64_t superblock_number(const unsigned char *at, int bytes)
{
        uint64_t number = 0;

        while (bytes-- > 0)
                number = number << 8 | at[bytes];
        return number;
}

static int superblock_refuse(const char *name, const char *type, const char *why, struct error *err)
{
        return error_set(err, EBADMSG, "%s begins like %s, but %s", name, type, why);
}

static int superblock_squashfs(const unsigned char *data, const char *name, struct superblock *ret,
                               struct error *err)
{
        uint64_t shift = superblock_number(data + 22, 2);

        *ret = (struct superblock){ .type = "squashfs",
                                    .bytes = superblock_number(data + 40, 8),
                                    .created = (time_t)superblock_number(data + 8, 4) };
        if (superblock_number(data + 28, 2) != 4)
                return superblock_refuse(name, ret->type, "is not of version 4", err);
        if (shift < SQUASHFS_LEAST_SHIFT || shift > SQUASHFS_MOST_SHIFT ||
            superblock_number(data + 12, 4) != UINT64_C(1) << shift || ret->bytes < SQUASHFS_LENGTH)
                return superblock_refuse(name, ret->type, "its superblock makes no sense", err);
        return 1;
}

static int superblock_erofs(const unsigned char *data, const char *name, struct superblock *ret,
                            struct error *err)
{
        uint64_t shift = data[12], blocks = superblock_number(data + 36, 4);
        uint64_t features = superblock_number(data + 80, 4);

        if (features & EROFS_48BIT)
                blocks |= superblock_number(data + 14, 2) << 32;
        *ret = (struct superblock){ .type = "erofs",
                                    .created = (time_t)superblock_number(data + 24, 8) };
        if (shift < EROFS_LEAST_SHIFT || shift > EROFS_MOST_SHIFT || !blocks)
                return superblock_refuse(name, ret->type, "its superblock makes no sense", err);
        if (features & EROFS_DEVICES && superblock_number(data + 86, 2))
                return superblock_refuse(name, ret->type, "its data is on other devices", err);
        ret->bytes = blocks << shift;
        return 1;
}

bool superblock_begins(const void *data, size_t length)
{
        const unsigned char *bytes = data;

        return (length >= SQUASHFS_LENGTH &&
                memcmp(bytes, squashfs_magic, sizeof squashfs_magic) == 0) ||
               (length >= EROFS_AT + EROFS_LENGTH &&
                memcmp(bytes + EROFS_AT, erofs_magic, sizeof erofs_magic) == 0);
}

int superblock_read(int fd, const char *name, struct superblock *ret, struct error *err)
{
        unsigned char data[SUPERBLOCK_READ] = { 0 };
        struct superblock superblock;
        struct stat st;
        ssize_t length;
        int result = 0;

        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", name);
        if (!S_ISREG(st.st_mode))
                return 0;
        length = pread(fd, data, sizeof data, 0);
        if (length < 0)
                return error_errno(err, errno, "cannot read %s", name);
        if (memcmp(data, squashfs_magic, sizeof squashfs_magic) == 0)
                result = superblock_squashfs(data, name, &superblock, err);
        else if (memcmp(data + EROFS_AT, erofs_magic, sizeof erofs_magic) == 0)
                result = superblock_erofs(data + EROFS_AT, name, &superblock, err);
        if (result <= 0)
                return result;
        if (superblock.bytes > (uint64_t)st.st_size)
                return superblock_refuse(name, superblock.type, "is cut off", err);
        *ret = superblock;
        return 1;
}
