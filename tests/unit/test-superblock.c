/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "src/base/str.h"
#include "src/image/superblock.h"
#include "tests/tap.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void put(unsigned char *at, uint64_t value, int bytes)
{
        for (int i = 0; i < bytes; i++)
                at[i] = (unsigned char)(value >> 8 * i);
}

/* A squashfs of 4 KiB that is all superblock. */
static void make_squashfs(unsigned char *data)
{
        memcpy(data, "hsqs", 4);
        put(data + 8, 1700000000, 4);
        put(data + 12, 131072, 4);
        put(data + 22, 17, 2);
        put(data + 28, 4, 2);
        put(data + 40, 4000, 8);
}

static void make_erofs(unsigned char *data)
{
        put(data + 1024, 0xe0f5e1e2, 4);
        data[1024 + 12] = 12;
        put(data + 1024 + 24, 1700000000, 8);
        put(data + 1024 + 36, 1, 4);
}

/* At the place, so many bytes of the value; 0 bytes: as it is. */
struct change {
        const char *what;
        void (*make)(unsigned char *data);
        size_t at;
        int bytes;
        uint64_t value;
        size_t length; /* of the file */
        int result;
        const char *expected; /* type, or message */
};

static const struct change changes[] = {
        { "squashfs", make_squashfs, 0, 0, 0, 4096, 1, "squashfs" },
        { "erofs", make_erofs, 0, 0, 0, 4096, 1, "erofs" },
        { "another file", make_squashfs, 0, 1, 'x', 4096, 0, NULL },
        { "another file with zeros", make_erofs, 1024, 1, 0, 4096, 0, NULL },
        { "an empty file", make_squashfs, 0, 0, 0, 0, 0, NULL },
        { "squashfs cut off", make_squashfs, 0, 0, 0, 3999, -1,
          "file begins like squashfs, but is cut off" },
        { "squashfs cut off in its superblock", make_squashfs, 0, 0, 0, 30, -1,
          "file begins like squashfs, but its superblock makes no sense" },
        { "erofs cut off", make_erofs, 0, 0, 0, 4095, -1,
          "file begins like erofs, but is cut off" },
        { "erofs cut off in its superblock", make_erofs, 0, 0, 0, 1030, -1,
          "file begins like erofs, but its superblock makes no sense" },
        { "squashfs of version 3", make_squashfs, 28, 2, 3, 4096, -1,
          "file begins like squashfs, but is not of version 4" },
        { "squashfs with blocks of 4 GiB", make_squashfs, 22, 2, 32, 4096, -1,
          "file begins like squashfs, but its superblock makes no sense" },
        { "squashfs with two block sizes", make_squashfs, 12, 4, 4096, 4096, -1,
          "file begins like squashfs, but its superblock makes no sense" },
        { "squashfs of 16 EiB", make_squashfs, 40, 8, UINT64_MAX, 4096, -1,
          "file begins like squashfs, but is cut off" },
        { "squashfs of nothing", make_squashfs, 40, 8, 0, 4096, -1,
          "file begins like squashfs, but its superblock makes no sense" },
        { "erofs with blocks of 2^255", make_erofs, 1024 + 12, 1, 255, 4096, -1,
          "file begins like erofs, but its superblock makes no sense" },
        { "erofs of no block", make_erofs, 1024 + 36, 4, 0, 4096, -1,
          "file begins like erofs, but its superblock makes no sense" },
        { "erofs of 16 TiB", make_erofs, 1024 + 36, 4, UINT32_MAX, 4096, -1,
          "file begins like erofs, but is cut off" },
};

static void test_change(const struct change *change)
{
        AUTO_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
        unsigned char data[4096] = { 0 };
        AUTO_ERROR struct error err = { 0 };
        struct superblock superblock = { 0 };
        int result;

        change->make(data);
        if (change->bytes)
                put(data + change->at, change->value, change->bytes);
        if (fd < 0 || pwrite(fd, data, change->length, 0) != (ssize_t)change->length)
                abort();
        result = superblock_read(fd, "file", &superblock, &err);
        check(result == change->result, change->what);
        check_str(result < 0 ? err.message : superblock.type, change->expected, change->what);
        if (result > 0)
                check(superblock.created == 1700000000 && superblock.bytes <= change->length,
                      "its length and time");
}

/* The 48-bit format has the upper half of the number elsewhere. */
static void test_48_bits(void)
{
        AUTO_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
        unsigned char data[4096] = { 0 };
        struct superblock superblock;

        make_erofs(data);
        put(data + 1024 + 80, 0x80, 4);
        if (fd < 0 || pwrite(fd, data, sizeof data, 0) != sizeof data)
                abort();
        check(superblock_read(fd, "file", &superblock, NULL) == 1, "erofs of 48 bits");
        put(data + 1024 + 14, 1, 2);
        if (pwrite(fd, data, sizeof data, 0) != sizeof data)
                abort();
        check(superblock_read(fd, "file", &superblock, NULL) == -1, "which is cut off");
}

static void test_devices(void)
{
        AUTO_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
        unsigned char data[4096] = { 0 };
        AUTO_ERROR struct error err = { 0 };
        struct superblock superblock;

        make_erofs(data);
        put(data + 1024 + 80, 0x8, 4);
        put(data + 1024 + 86, 1, 2);
        if (fd < 0 || pwrite(fd, data, sizeof data, 0) != sizeof data)
                abort();
        check(superblock_read(fd, "file", &superblock, &err) == -1, "erofs on two devices");
        check_str(err.message, "file begins like erofs, but its data is on other devices",
                  "which are not here");
}

int main(void)
{
        for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
                test_change(changes + i);
        test_48_bits();
        test_devices();
        return tap_done();
}
