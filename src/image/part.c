/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "part.h"

#include "../base/io.h"
#include "reference.h"
#include "store-work.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define PART_FROM "user.crunit.from"

static char *part_name(const char *digest)
{
        return str_format("%s%s", digest_hex(digest), WORK_PART);
}

/* 1: ours; 0: another's; 2: it went away between two of our steps. */
static int part_try(const struct store *store, const char *name, uint64_t most, struct part *part,
                    struct error *err)
{
        struct stat st;

        part->fd = openat(store->tmp, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (part->fd < 0)
                return error_errno(err, errno, "cannot make tmp/%s", name);
        if (flock(part->fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK || errno == EINTR
                               ? 0
                               : error_errno(err, errno, "cannot lock tmp/%s", name);
        if (!io_is_named(store->tmp, name, part->fd) || fstat(part->fd, &st) < 0)
                return 2;
        part->have = (uint64_t)st.st_size;
        if (part->have <= most)
                return 1;
        unlinkat(store->tmp, name, 0);
        return 2;
}

/* Where the file system cannot note that, all are taken to have the same server. */
static bool part_is_from(int fd, const char *from)
{
        char noted[PART_FROM_MAX + 1] = "";

        return fgetxattr(fd, PART_FROM, noted, PART_FROM_MAX) < 0 || str_equal(noted, from);
}

int part_take(const struct store *store, const char *digest, uint64_t most, const char *from,
              struct part *ret, struct error *err)
{
        AUTO_FREE char *name = part_name(digest);

        for (;;) {
                struct part part = PART_NONE;
                int result = part_try(store, name, most, &part, err);

                if (result == 1) {
                        fsetxattr(part.fd, PART_FROM, from, strlen(from), 0);
                        part.name = steal_str(&name);
                        *ret = part;
                        return 1;
                }
                cleanup_close(&part.fd);
                if (result <= 0)
                        return result;
        }
}

void part_touch(const struct part *part)
{
        if (part->fd >= 0)
                futimens(part->fd, NULL);
}

static void part_close(struct part *part)
{
        cleanup_close(&part->fd);
        free(part->name);
        *part = (struct part)PART_NONE;
}

void part_discard(const struct store *store, struct part *part)
{
        if (!part->name)
                return;
        if (io_is_named(store->tmp, part->name, part->fd))
                unlinkat(store->tmp, part->name, 0);
        part_close(part);
}

void part_release(const struct store *store, struct part *part)
{
        struct stat st;

        if (!part->name)
                return;
        if (fstat(part->fd, &st) < 0 || st.st_size == 0)
                part_discard(store, part);
        else
                part_close(part);
}

bool part_is_stuck(const struct store *store, const char *digest, const char *from,
                   struct part_watch *watch)
{
        AUTO_FREE char *name = part_name(digest);
        AUTO_CLOSE int fd = openat(store->tmp, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct timespec now;
        struct stat st;

        clock_gettime(CLOCK_MONOTONIC, &now);
        if (fd < 0 || fstat(fd, &st) < 0)
                st = (struct stat){ .st_mtim = { .tv_sec = now.tv_sec } };
        if (!watch->since || st.st_mtim.tv_sec != watch->touched.tv_sec ||
            st.st_mtim.tv_nsec != watch->touched.tv_nsec) {
                watch->touched = st.st_mtim;
                watch->since = now.tv_sec;
        }
        if (!watch->grown || (uint64_t)st.st_size < watch->size ||
            (uint64_t)st.st_size - watch->size >= PART_STEP) {
                watch->size = (uint64_t)st.st_size;
                watch->grown = now.tv_sec;
        }
        return now.tv_sec - watch->since >= PART_PATIENCE ||
               (now.tv_sec - watch->grown >= PART_SLOW && !part_is_from(fd, from));
}
