/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filesystem.h"

#include "../base/io.h"
#include "../base/str.h"
#include "../image/superblock.h"
#include "loop.h"
#include "outside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

struct filesystem {
        const char *file; /* borrowed */
        struct superblock superblock;
        int fd; /* owned; the file */
};

static void filesystem_close(struct filesystem *filesystem)
{
        cleanup_close(&filesystem->fd);
}

static int filesystem_no_kernel(const struct filesystem *filesystem, struct error *err)
{
        const char *type = filesystem->superblock.type;

        if (errno != ENODEV)
                return error_errno(err, errno, "cannot begin to mount %s", filesystem->file);
        return error_set(err, ENODEV,
                         "%s cannot be mounted: this kernel has no %s; load its module with "
                         "`modprobe %s`, or take a kernel that has it",
                         filesystem->file, type, type);
}

/* With what the kernel says about it: the compression it lacks, for example. */
static int filesystem_refused(const struct filesystem *filesystem, int context, struct error *err)
{
        int code = errno;
        char text[512];
        ssize_t length = read(context, text, sizeof text - 1);

        text[length > 0 ? length : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return error_set(err, code, "cannot mount %s as %s: %s%s%s", filesystem->file,
                         filesystem->superblock.type, strerror(code), length > 2 ? ": " : "",
                         length > 2 ? text + 2 : "");
}

/* 1: mounted from this source, 0: the kernel wants a block device, -1. */
static int filesystem_from(const struct filesystem *filesystem, const char *source, int *ret_mount,
                           struct error *err)
{
        AUTO_CLOSE int context = fsopen(filesystem->superblock.type, FSOPEN_CLOEXEC);
        int mounted;

        if (context < 0)
                return filesystem_no_kernel(filesystem, err);
        if (fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0 ||
            fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
                return filesystem_refused(filesystem, context, err);
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return errno == ENOTBLK ? 0 : filesystem_refused(filesystem, context, err);
        mounted = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
        if (mounted < 0)
                return error_errno(err, errno, "cannot mount %s", filesystem->file);
        *ret_mount = mounted;
        return 1;
}

static int filesystem_from_loop(const struct filesystem *filesystem, int *ret_mount,
                                struct error *err)
{
        AUTO_FREE char *device = NULL;
        AUTO_CLOSE int loop = -1;
        int done;

        if (loop_attach(filesystem->fd, filesystem->file, &loop, &device, err) < 0)
                return -1;
        done = filesystem_from(filesystem, device, ret_mount, err);
        return done > 0 ? 0 : done < 0 ? -1 : error_set(err, ENOTBLK, "%s is no device", device);
}

static int filesystem_mount_here(const char *file, const char *directory, struct error *err)
{
        CLEANUP(filesystem_close)
        struct filesystem filesystem = {
                .file = file, .fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        };
        AUTO_CLOSE int mounted = -1;
        int known, done = 0;

        if (filesystem.fd < 0)
                return error_errno(err, errno, "cannot open %s", file);
        known = superblock_read(filesystem.fd, file, &filesystem.superblock, err);
        if (known == 0)
                return error_set(err, EBADMSG, "%s is neither squashfs nor erofs", file);
        if (known < 0)
                return -1;
        if (str_equal(filesystem.superblock.type, "erofs") &&
            !str_equal(getenv("CRUNIT_MOUNT"), "loop"))
                done = filesystem_from(&filesystem, file, &mounted, err);
        if (done < 0 || (done == 0 && filesystem_from_loop(&filesystem, &mounted, err) < 0))
                return -1;
        if (move_mount(mounted, "", AT_FDCWD, directory, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount %s on %s", file, directory);
        return 0;
}

struct filesystem_request {
        const char *file, *directory;
};

static int filesystem_act(void *context, struct error *err)
{
        const struct filesystem_request *request = context;

        return filesystem_mount_here(request->file, request->directory, err);
}

int filesystem_mount(const char *file, const char *directory, struct error *err)
{
        struct filesystem_request request = { file, directory };

        return outside_if_needed(file, filesystem_act, &request, err);
}
