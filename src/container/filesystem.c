/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filesystem.h"

#include "../base/io.h"
#include "../base/str.h"
#include "../image/superblock.h"
#include "cgroup.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        FILESYSTEM_SAID_MAX = 64 * 1024 /* of the process that mounts for us */
};

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

/* The life of the process that mounts: its errno and message go into the pipe. */
static void filesystem_be_outside(const char *file, const char *directory, int said)
{
        AUTO_ERROR struct error err = { 0 };

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (cgroup_join(1, &err) < 0 || filesystem_mount_here(file, directory, &err) < 0)
                dprintf(said, "%d %s", err.code, err.message);
        _exit(err.message ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* A unit's DevicePolicy= holds for everything in its group, for the container as it should, and for
 * us. So a process that leaves the group for the one of systemd itself mounts in our namespace. */
static int filesystem_mount_outside(const char *file, const char *directory, struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_CLOSE int said = -1;
        int ends[2], status;
        char *message;
        long code;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe");
        said = ends[0];
        pid = fork();
        if (pid == 0)
                filesystem_be_outside(file, directory, ends[1]);
        close(ends[1]);
        if (pid < 0)
                return error_errno(err, errno, "cannot fork");
        io_read_fd(said, file, FILESYSTEM_SAID_MAX, &text, NULL, NULL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for the mount of %s", file);
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
                return 0;
        code = text ? strtol(text, &message, 10) : 0;
        if (!code)
                return error_set(err, EIO, "cannot mount %s: the process for it ended", file);
        return error_set(err, (int)code, "%s", message + strspn(message, " "));
}

int filesystem_mount(const char *file, const char *directory, struct error *err)
{
        AUTO_ERROR struct error reason = { 0 };

        if (filesystem_mount_here(file, directory, &reason) == 0)
                return 0;
        if (reason.code == EPERM)
                return filesystem_mount_outside(file, directory, err);
        return error_set(err, reason.code, "%s", reason.message);
}
