/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loop.h"

#include "../base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
        LOOP_TRIES = 100, /* somebody else may take the free device before us */
        LOOP_FLAGS = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
        LOOP_WRITABLE = LO_FLAGS_AUTOCLEAR,
};

/* Where the number of the device that a file had last is noted. It is a hint: what the device
 * says counts. Owned by the caller. */
static char *loop_hint(const struct stat *st)
{
        const char *run = getenv("CRUNIT_RUN");

        return str_format("%s/cache/loop-%u:%u-%llu", str_empty(run) ? "/run/crunit" : run,
                          major(st->st_dev), minor(st->st_dev), (unsigned long long)st->st_ino);
}

static void loop_note(const struct stat *st, const char *path)
{
        AUTO_FREE char *hint = loop_hint(st);

        if (symlink(path, hint) == 0 || errno != EEXIST)
                return;
        unlink(hint);
        if (symlink(path, hint) < 0)
                return; /* the next start makes a device of its own */
}

/* The file's device as far as the hint goes. The open descriptor keeps it from going away. */
static int loop_find(const struct stat *st, char **ret_path)
{
        AUTO_FREE char *hint = loop_hint(st);
        char path[64];
        ssize_t length = readlink(hint, path, sizeof path - 1);
        AUTO_CLOSE int fd = -1;
        struct loop_info64 info;

        if (length <= 0)
                return -1;
        path[length] = '\0';
        if (!str_has_prefix(path, "/dev/loop"))
                return -1;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
                return -1;
        if (info.lo_device != st->st_dev || info.lo_inode != st->st_ino || info.lo_offset ||
            info.lo_sizelimit || (info.lo_flags & LOOP_FLAGS) != LOOP_FLAGS)
                return -1;
        *ret_path = str_dup(path);
        return steal_fd(&fd);
}

/* Returns 1, or 0 where another process was quicker. */
static int loop_try(int control, int file, const char *name, uint32_t flags, int *ret_fd,
                    char **ret_path, struct error *err)
{
        struct loop_config config = { .fd = (uint32_t)file, .info.lo_flags = flags };
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        AUTO_FREE char *path = NULL;
        AUTO_CLOSE int fd = -1;

        if (number < 0)
                return error_errno(err, errno, "cannot get a free loop device");
        path = str_format("/dev/loop%d", number);
        fd = open(path, (flags & LO_FLAGS_READ_ONLY ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open %s", path);
        strncpy((char *)config.info.lo_file_name, name, sizeof config.info.lo_file_name - 1);
        if (ioctl(fd, LOOP_CONFIGURE, &config) < 0)
                return errno == EBUSY ? 0
                                      : error_errno(err, errno, "cannot make %s a device (%s)",
                                                    name, path);
        *ret_fd = steal_fd(&fd);
        *ret_path = steal_str(&path);
        return 1;
}

/* A device that nobody has, for the file. */
static int loop_new(int file, const char *name, uint32_t flags, int *ret_fd, char **ret_path,
                    struct error *err)
{
        AUTO_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        int done = 0;

        if (control < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
                return error_set(err, ENODEV,
                                 "%s cannot be mounted: this kernel has no loop devices; load its "
                                 "module with `modprobe loop`",
                                 name);
        if (control < 0)
                return error_errno(err, errno, "cannot open /dev/loop-control");
        for (int i = 0; done == 0 && i < LOOP_TRIES; i++)
                done = loop_try(control, file, name, flags, ret_fd, ret_path, err);
        if (done == 0)
                return error_set(err, EBUSY, "no loop device is free for %s", name);
        return done < 0 ? -1 : 0;
}

int loop_attach(int file, const char *name, int *ret_fd, char **ret_path, struct error *err)
{
        struct stat st;
        int fd;

        if (fstat(file, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", name);
        fd = loop_find(&st, ret_path);
        if (fd >= 0) {
                *ret_fd = fd;
                return 0;
        }
        if (loop_new(file, name, LOOP_FLAGS, ret_fd, ret_path, err) < 0)
                return -1;
        loop_note(&st, *ret_path);
        return 0;
}

/* Is this device the file's? Open then, and info is what is known of it. */
static int loop_open_if_of(const char *device, const struct stat *st, struct loop_info64 *info)
{
        AUTO_CLOSE int fd = open(device, O_RDWR | O_CLOEXEC);

        if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, info) < 0 || info->lo_device != st->st_dev ||
            info->lo_inode != st->st_ino)
                return -1;
        return steal_fd(&fd);
}

/* All devices are looked at, whoever made them. Returns 1 with the file's one, or 0. */
static int loop_find_any(const struct stat *st, const char *name, int *ret_fd, char **ret_path,
                         struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = opendir("/sys/block");
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot look for the devices of %s", name);
        while ((entry = readdir(dir))) {
                AUTO_FREE char *used = str_format("/sys/block/%s/loop", entry->d_name);
                AUTO_FREE char *device = str_format("/dev/%s", entry->d_name);
                struct loop_info64 info = { 0 };
                AUTO_CLOSE int fd = -1;

                if (!str_has_prefix(entry->d_name, "loop") || access(used, F_OK) < 0)
                        continue;
                fd = loop_open_if_of(device, st, &info);
                if (fd < 0)
                        continue;
                if (info.lo_flags & LO_FLAGS_READ_ONLY || info.lo_offset || info.lo_sizelimit)
                        return error_set(err, EROFS,
                                         "%s is in use as %s, which is not all of it, "
                                         "or read-only",
                                         name, device);
                *ret_fd = steal_fd(&fd);
                *ret_path = steal_str(&device);
                return 1;
        }
        return 0;
}

int loop_attach_writable(int file, const char *name, int *ret_fd, char **ret_path,
                         struct error *err)
{
        struct stat st;
        int found;

        /* Others of ours that look for it at this moment wait. */
        if (flock(file, LOCK_EX) < 0 || fstat(file, &st) < 0)
                return error_errno(err, errno, "cannot lock %s", name);
        found = loop_find_any(&st, name, ret_fd, ret_path, err);
        if (found == 0)
                found = loop_new(file, name, LOOP_WRITABLE, ret_fd, ret_path, err);
        flock(file, LOCK_UN);
        return found < 0 ? -1 : 0;
}
