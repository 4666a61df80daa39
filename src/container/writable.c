/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "writable.h"

#include "../base/io.h"
#include "../base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
        WRITABLE_LOCK_TRIES = 50,
        WRITABLE_LOCK_WAIT = 20 * 1000, /* microseconds between them */
        WRITABLE_IMAGE_MAX = 64 * 1024,
};

void writable_close(struct writable *writable)
{
        cleanup_close(&writable->fd);
        writable->fd = -1;
}

/* Lock the directory that has the name now: it may have been removed and made again between open
 * and lock. -1 with errno. */
static int writable_lock(const char *data)
{
        for (;;) {
                AUTO_CLOSE int fd = open(data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                struct stat held, named;

                if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &held) < 0)
                        return -1;
                if (stat(data, &named) < 0) {
                        if (errno == ENOENT)
                                errno = ESTALE;
                        return -1;
                }
                if (io_same_file(&held, &named))
                        return steal_fd(&fd);
        }
}

/* Whoever holds it, and is no container, does so for a moment. */
static int writable_wait(const char *data, int *tries, struct error *err)
{
        if ((*tries)++ == WRITABLE_LOCK_TRIES)
                return error_set(err, EBUSY,
                                 "%s is locked: the container is being started or removed", data);
        usleep(WRITABLE_LOCK_WAIT);
        return 0;
}

/* A sweeper may hold it for a moment, or remove it while we look. */
static int writable_make_locked(const char *data, struct error *err)
{
        for (int tries = 0;;) {
                int fd;

                if (io_make_dirs(AT_FDCWD, data, 0700, err) < 0)
                        return -1;
                fd = writable_lock(data);
                if (fd >= 0)
                        return fd;
                if (errno != ENOENT && errno != ESTALE && errno != EWOULDBLOCK)
                        return error_errno(err, errno, "cannot lock %s", data);
                if (writable_wait(data, &tries, err) < 0)
                        return -1;
        }
}

static bool writable_is_kept(int fd)
{
        return faccessat(fd, "image", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool writable_fits(int fd, const char *image)
{
        AUTO_FREE char *made_on = NULL;

        return io_read_file(fd, "image", WRITABLE_IMAGE_MAX, &made_on, NULL, NULL) == 0 &&
               str_equal(made_on, image ? image : "");
}

static int writable_make_new(int fd, struct error *err)
{
        static const char *const old[] = { "image", "upper", "work", "volumes" };
        static const char *const needed[] = { "upper", "work" };

        for (size_t i = 0; i < sizeof old / sizeof *old; i++)
                if (io_remove_tree(fd, old[i], err) < 0)
                        return -1;
        /* upper becomes the container's root directory: its mode is what others see there. */
        for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
                if (mkdirat(fd, needed[i], 0755) < 0 || fchmodat(fd, needed[i], 0755, 0) < 0)
                        return error_errno(err, errno, "cannot make %s", needed[i]);
        return 0;
}

int writable_unmark(const struct writable *writable, struct error *err)
{
        if (unlinkat(writable->fd, "image", 0) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot change the writable layer");
        return 0;
}

int writable_mark(const struct writable *writable, const char *image, struct error *err)
{
        return io_write_file(writable->fd, "image", image, strlen(image), 0600, IO_SYNC, err);
}

int writable_open(const char *data, bool keep, const char *image, struct writable *ret,
                  struct error *err)
{
        AUTO_CLOSE int fd = writable_make_locked(data, err);
        const char *made_on = image ? image : "";

        if (fd < 0)
                return -1;
        if (keep && writable_fits(fd, image)) {
                ret->fresh = false;
        } else {
                if (writable_make_new(fd, err) < 0)
                        return error_wrap(err, "%s", data);
                /* Last, and durable: a directory that is not complete is never taken up again. */
                if (keep &&
                    io_write_file(fd, "image", made_on, strlen(made_on), 0600, IO_SYNC, err) < 0)
                        return error_wrap(err, "%s", data);
                ret->fresh = true;
        }
        ret->fd = steal_fd(&fd);
        return 0;
}

int writable_hold(const char *data, struct writable *ret, char **ret_image, struct error *err)
{
        AUTO_CLOSE int fd = -1;

        for (int tries = 0; (fd = writable_lock(data)) < 0;) {
                if (errno != EWOULDBLOCK)
                        return error_errno(err, errno, "cannot lock %s", data);
                if (writable_wait(data, &tries, err) < 0)
                        return -1;
        }
        if (io_read_file(fd, "image", WRITABLE_IMAGE_MAX, ret_image, NULL, err) < 0)
                return error_wrap(err, "%s", data);
        *ret = (struct writable){ steal_fd(&fd), false };
        return 0;
}

/* ".gone.LABEL.PID" beside it: hidden from everybody but writable_sweep(). */
static char *writable_gone_name(const char *data)
{
        const char *label = strrchr(data, '/') + 1;

        return str_format("%.*s.gone.%s.%d", (int)(label - data), data, label, (int)getpid());
}

int writable_remove(const char *data, bool even_kept, struct error *err)
{
        AUTO_CLOSE int fd = writable_lock(data);
        AUTO_FREE char *gone = writable_gone_name(data);

        if (fd < 0 && (errno == ENOENT || errno == ESTALE))
                return 1;
        if (fd < 0 && errno == EWOULDBLOCK)
                return 0;
        if (fd < 0)
                return error_errno(err, errno, "cannot lock %s", data);
        if (!even_kept && writable_is_kept(fd))
                return 0;
        if (rename(data, gone) < 0)
                return error_errno(err, errno, "cannot rename %s", data);
        return io_remove_tree(AT_FDCWD, gone, err) < 0 ? -1 : 1;
}

int writable_rename(const char *data, const char *other, struct error *err)
{
        AUTO_CLOSE int fd = writable_lock(data);

        if (fd < 0 && errno == EWOULDBLOCK)
                return error_set(err, EBUSY,
                                 "%s is locked: the container is being started or removed", data);
        if (fd < 0)
                return error_errno(err, errno, "cannot lock %s", data);
        if (renameat2(AT_FDCWD, data, AT_FDCWD, other, RENAME_NOREPLACE) < 0)
                return error_errno(err, errno, "cannot rename %s to %s", data, other);
        return 0;
}

void writable_sweep(const char *storage)
{
        AUTO_FREE char *directory = str_format("%s/containers", storage);
        AUTO_CLOSEDIR DIR *dir = opendir(directory);
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                if (str_has_prefix(entry->d_name, ".gone."))
                        io_remove_tree(dirfd(dir), entry->d_name, NULL);
}
