/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "idlease.h"

#include "../base/io.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        IDLEASE_TEXT_MAX = 64
};

/* One block of somebody's. */
struct idlease_block {
        char *label; /* owned */
        uint32_t uid, gid, count;
        int64_t since; /* nanoseconds */
        bool forget;
};

struct idlease_blocks {
        struct idlease_block *items; /* owned */
        size_t count;
};

static void idlease_blocks_free(struct idlease_blocks *blocks)
{
        for (size_t i = 0; i < blocks->count; i++)
                free(blocks->items[i].label);
        free(blocks->items);
}

static int idlease_open(const char *storage, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/idmaps", storage);
        AUTO_CLOSE int dir = -1;

        if (io_make_dirs(AT_FDCWD, path, 0700, err) < 0)
                return -1;
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0 || flock(dir, LOCK_EX) < 0)
                return error_errno(err, errno, "cannot lock %s", path);
        return steal_fd(&dir);
}

/* UID:GID:COUNT, with a "-" behind it where it is nobody's any more once it is idle. */
static bool idlease_parse(const char *text, struct idlease_block *block)
{
        AUTO_STRV struct strv parts = { 0 };

        strv_split(&parts, text, ":", true);
        if (parts.count < 3 || parts.count > 4)
                return false;
        block->forget = parts.count == 4;
        return idmap_parse_id(parts.items[0], &block->uid) &&
               idmap_parse_id(parts.items[1], &block->gid) &&
               idmap_parse_id(parts.items[2], &block->count) && block->count &&
               block->count - 1 <= IDMAP_LAST - block->uid &&
               block->count - 1 <= IDMAP_LAST - block->gid;
}

/* A link that is no lease of ours is of no meaning; ret is untouched then. */
static bool idlease_read(int dir, const char *name, struct idlease_block *ret)
{
        struct idlease_block block = { 0 };
        char text[IDLEASE_TEXT_MAX];
        ssize_t length = readlinkat(dir, name, text, sizeof text - 1);
        struct stat st;

        if (length <= 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return false;
        text[length] = '\0';
        if (!idlease_parse(text, &block))
                return false;
        block.label = str_dup(name);
        block.since = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
        *ret = block;
        return true;
}

static int idlease_add(int dir, const char *name, void *context, struct error *err)
{
        struct idlease_blocks *blocks = context;
        struct idlease_block block;

        (void)err;
        if (name[0] == '.' || !idlease_read(dir, name, &block))
                return 0;
        blocks->items = alloc_grow(blocks->items, blocks->count + 1, sizeof *blocks->items);
        blocks->items[blocks->count++] = block;
        return 0;
}

/* The new link takes the name of an old one at once. */
static int idlease_write(int dir, const struct idlease_request *request,
                         const struct idlease_block *block, struct error *err)
{
        AUTO_FREE char *text = str_format("%u:%u:%u%s", block->uid, block->gid, block->count,
                                          request->forget ? ":-" : "");
        AUTO_FREE char *aside = str_format(".%s", request->label);

        if (unlinkat(dir, aside, 0) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot remove %s", aside);
        if (symlinkat(text, dir, aside) < 0 || renameat(dir, aside, dir, request->label) < 0)
                return error_errno(err, errno, "cannot write the ids of %s", request->label);
        return 0;
}

static bool idlease_meet(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
        return a < (uint64_t)b + b_count && b < (uint64_t)a + a_count;
}

/* Where to go on looking when a block at `first` meets something; first itself where it does not.
 */
static uint64_t idlease_behind_own(const struct idmap *own, uint64_t first, uint32_t count)
{
        for (size_t i = 0; own && i < own->count; i++)
                if (idlease_meet((uint32_t)first, count, own->ranges[i].outside,
                                 own->ranges[i].count))
                        return (uint64_t)own->ranges[i].outside + own->ranges[i].count;
        return first;
}

static uint64_t idlease_behind_others(const struct idlease_blocks *blocks, bool users,
                                      uint64_t first, uint32_t count)
{
        for (size_t i = 0; i < blocks->count; i++) {
                const struct idlease_block *block = &blocks->items[i];
                uint32_t other = users ? block->uid : block->gid;

                if (idlease_meet((uint32_t)first, count, other, block->count))
                        return (uint64_t)other + block->count;
        }
        return first;
}

/* The lowest ids in one range of the pool that nobody has. */
static bool idlease_find_in(const struct idlease_request *request,
                            const struct idlease_blocks *blocks, bool users,
                            const struct idmap_range *range, uint32_t *ret)
{
        const struct idmap *own = users ? request->own_uids : request->own_gids;
        uint64_t first = range->outside, end = first + range->count;

        while (first + request->count <= end) {
                uint64_t next = idlease_behind_own(own, first, request->count);

                if (next == first)
                        next = idlease_behind_others(blocks, users, first, request->count);
                if (next == first) {
                        *ret = (uint32_t)first;
                        return true;
                }
                first = next;
        }
        return false;
}

static bool idlease_find(const struct idlease_request *request, const struct idlease_blocks *blocks,
                         bool users, uint32_t *ret)
{
        const struct idmap *pool = users ? request->pool_uids : request->pool_gids;

        for (size_t i = 0; i < pool->count; i++)
                if (idlease_find_in(request, blocks, users, &pool->ranges[i], ret))
                        return true;
        return false;
}

static bool idlease_in_pool(const struct idmap *pool, uint32_t first, uint32_t count)
{
        for (size_t i = 0; i < pool->count; i++)
                if (first >= pool->ranges[i].outside &&
                    (uint64_t)first + count <=
                            (uint64_t)pool->ranges[i].outside + pool->ranges[i].count)
                        return true;
        return false;
}

/* Whether the block that the container had still does. */
static bool idlease_fits(const struct idlease_request *request, const struct idlease_block *block)
{
        return block->count == request->count &&
               idlease_in_pool(request->pool_uids, block->uid, block->count) &&
               idlease_in_pool(request->pool_gids, block->gid, block->count) &&
               idlease_behind_own(request->own_uids, block->uid, block->count) == block->uid &&
               idlease_behind_own(request->own_gids, block->gid, block->count) == block->gid;
}

static void idlease_drop(int dir, struct idlease_blocks *blocks, size_t i)
{
        unlinkat(dir, blocks->items[i].label, 0);
        free(blocks->items[i].label);
        blocks->items[i] = blocks->items[--blocks->count];
}

/* Forget what nobody will ask for again. */
static void idlease_sweep(int dir, const struct idlease_request *request,
                          struct idlease_blocks *blocks)
{
        for (size_t i = blocks->count; i-- > 0;)
                if (blocks->items[i].forget &&
                    !request->alive(request->context, blocks->items[i].label))
                        idlease_drop(dir, blocks, i);
}

/* The block that has been without a container for longest, or -1. */
static ssize_t idlease_find_idle(const struct idlease_request *request,
                                 const struct idlease_blocks *blocks)
{
        ssize_t found = -1;

        for (size_t i = 0; i < blocks->count; i++)
                if ((found < 0 || blocks->items[i].since < blocks->items[found].since) &&
                    !request->alive(request->context, blocks->items[i].label))
                        found = (ssize_t)i;
        return found;
}

static int idlease_choose(int dir, const struct idlease_request *request,
                          struct idlease_blocks *blocks, struct idlease_block *ret,
                          struct error *err)
{
        struct idlease_block block = { .count = request->count };

        while (!idlease_find(request, blocks, true, &block.uid) ||
               !idlease_find(request, blocks, false, &block.gid)) {
                ssize_t idle = idlease_find_idle(request, blocks);

                if (idle < 0)
                        return error_set(err, ENOSPC,
                                         "no %u ids in a row are left of those that are set aside "
                                         "(%zu blocks of them are in use): ask for fewer, or set "
                                         "more aside",
                                         request->count, blocks->count);
                idlease_drop(dir, blocks, (size_t)idle);
        }
        *ret = block;
        return 0;
}

/* The container's own block goes out of the list. True where it is to stay. */
static bool idlease_keep(const struct idlease_request *request, struct idlease_blocks *blocks,
                         struct idlease *ret)
{
        for (size_t i = 0; i < blocks->count; i++) {
                struct idlease_block *block = &blocks->items[i];

                if (!str_equal(block->label, request->label))
                        continue;
                if (idlease_fits(request, block)) {
                        *ret = (struct idlease){ block->uid, block->gid };
                        return true;
                }
                free(block->label);
                *block = blocks->items[--blocks->count];
                return false;
        }
        return false;
}

int idlease_take(const struct idlease_request *request, struct idlease *ret, struct error *err)
{
        CLEANUP(idlease_blocks_free) struct idlease_blocks blocks = { 0 };
        AUTO_CLOSE int dir = idlease_open(request->storage, err);
        struct idlease_block block = { 0 };

        if (dir < 0 || io_each_name(dir, ".", idlease_add, &blocks, err) < 0)
                return -1;
        if (idlease_keep(request, &blocks, ret)) {
                utimensat(dir, request->label, NULL, AT_SYMLINK_NOFOLLOW);
                return 0;
        }
        idlease_sweep(dir, request, &blocks);
        if (idlease_choose(dir, request, &blocks, &block, err) < 0 ||
            idlease_write(dir, request, &block, err) < 0)
                return -1;
        *ret = (struct idlease){ block.uid, block.gid };
        return 0;
}

void idlease_forget(const char *storage, const char *label)
{
        AUTO_FREE char *path = str_format("%s/idmaps/%s", storage, label);

        unlink(path);
}

void idlease_rename(const char *storage, const char *label, const char *other)
{
        AUTO_FREE char *from = str_format("%s/idmaps/%s", storage, label);
        AUTO_FREE char *to = str_format("%s/idmaps/%s", storage, other);

        rename(from, to); /* most have none */
}
