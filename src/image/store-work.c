/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-work.h"

#include "../base/io.h"
#include "reference.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

enum {
        WORK_KEEP_MAX = 64 << 20 /* bytes of a keep file */
};

/* Between its making and its locking, a sweeper may take the directory: then there is none behind
 * the descriptor, and we have to make another. */
static int work_try(struct work *work, const char *kind, struct error *err)
{
        uint64_t number = 0;

        if (getrandom(&number, sizeof number, 0) != sizeof number)
                number = (uint64_t)getpid();
        free(work->name);
        work->name = str_format("%s.%016llx", kind, (unsigned long long)number);
        if (mkdirat(work->tmp, work->name, 0700) < 0)
                return errno == EEXIST ? 0
                                       : error_errno(err, errno, "cannot make tmp/%s", work->name);
        work->fd = openat(work->tmp, work->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (work->fd < 0 && errno == ENOENT)
                return 0;
        if (work->fd < 0 || flock(work->fd, LOCK_EX) < 0)
                return error_errno(err, errno, "cannot use tmp/%s", work->name);
        if (io_is_named(work->tmp, work->name, work->fd))
                return 1;
        cleanup_close(&work->fd);
        work->fd = -1;
        return 0;
}

int work_begin(const struct store *store, const char *kind, struct work *ret, struct error *err)
{
        struct work work = { .tmp = store->tmp, .fd = -1 };
        int result;

        do
                result = work_try(&work, kind, err);
        while (result == 0);
        if (result < 0) {
                cleanup_close(&work.fd);
                free(work.name);
                return error_wrap(err, "image store %s", store->root);
        }
        *ret = work;
        return 0;
}

void work_end(struct work *work)
{
        if (work->fd < 0)
                return;
        io_remove_tree(work->tmp, work->name, NULL);
        cleanup_close(&work->fd);
        free(work->name);
        *work = (struct work){ .fd = -1 };
}

int work_keep(struct work *work, const struct strv *digests, struct error *err)
{
        AUTO_CLOSE int fd =
                openat(work->fd, "keep", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        AUTO_STRBUF struct strbuf lines = { 0 };

        for (size_t i = 0; i < digests->count; i++)
                if (digest_hex(digests->items[i]))
                        strbuf_appendf(&lines, "%s\n", digest_hex(digests->items[i]));
        if (fd < 0 || io_write_all(fd, lines.data, lines.length) < 0)
                return error_errno(err, errno, "cannot write tmp/%s/keep", work->name);
        return 0;
}

/* Is somebody at work there? A descriptor of ours of the same file counts as well. */
static bool work_is_held(int fd)
{
        return flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* An io_name_function. */
static int work_add_kept(int tmp, const char *name, void *context, struct error *err)
{
        AUTO_CLOSE int fd = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        AUTO_ERROR struct error reason = { 0 };
        AUTO_STRV struct strv lines = { 0 };
        AUTO_FREE char *text = NULL;

        /* A file, a link, something that has gone: nobody keeps anything there. */
        if (fd < 0 && errno != ENOTDIR && errno != ELOOP && errno != ENOENT)
                return error_errno(err, errno, "cannot open tmp/%s", name);
        if (fd < 0 || !work_is_held(fd))
                return 0;
        if (io_read_file(fd, "keep", WORK_KEEP_MAX, &text, NULL, &reason) < 0)
                return reason.code == ENOENT
                               ? 0
                               : error_set(err, reason.code, "tmp/%s: %s", name, reason.message);
        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++)
                json_object_object_add(context, lines.items[i], json_object_new_boolean(true));
        return 0;
}

int work_list_kept(const struct store *store, struct json_object **ret, struct error *err)
{
        AUTO_JSON struct json_object *kept = json_object_new_object();

        if (io_each_name(store->fd, "tmp", work_add_kept, kept, err) < 0)
                return -1;
        *ret = steal_ptr(&kept);
        return 0;
}

/* --- what nobody holds */

struct work_part {
        char *name; /* owned */
        time_t when;
};

struct work_leftovers {
        struct work_part *parts; /* owned */
        size_t part_count;
        bool abandoned;
};

static void work_leftovers_free(struct work_leftovers *left)
{
        for (size_t i = 0; i < left->part_count; i++)
                free(left->parts[i].name);
        free(left->parts);
}

/* Locked again right before it is removed: somebody may have taken it up meanwhile. */
static void work_remove_part(int tmp, const char *name)
{
        AUTO_CLOSE int fd = openat(tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (fd >= 0 && !work_is_held(fd))
                unlinkat(tmp, name, 0);
}

static void work_note_part(struct work_leftovers *left, int tmp, const char *name,
                           const struct stat *st)
{
        time_t now = time(NULL);

        /* One from the future is as good as none. */
        if (st->st_mtim.tv_sec > now || now - st->st_mtim.tv_sec > WORK_PART_AGE) {
                unlinkat(tmp, name, 0);
                return;
        }
        left->parts = alloc_grow(left->parts, left->part_count + 1, sizeof *left->parts);
        left->parts[left->part_count++] = (struct work_part){ str_dup(name), st->st_mtim.tv_sec };
}

/* An io_name_function. The lock is held while the thing is removed, so that nobody takes it up.
 * What cannot be removed stays for the next sweep, and is in nobody's way. */
static int work_sweep_one(int tmp, const char *name, void *context, struct error *err)
{
        (void)err;
        struct work_leftovers *left = context;
        AUTO_CLOSE int fd = openat(tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;

        /* What cannot be looked at may be somebody's; a link or a socket is nobody's. */
        if (fd < 0 && errno != ELOOP && errno != ENXIO)
                return 0;
        if (fd >= 0 && (work_is_held(fd) || fstat(fd, &st) < 0))
                return 0;
        if (fd >= 0 && S_ISREG(st.st_mode) && str_has_suffix(name, WORK_PART)) {
                if (io_is_named(tmp, name, fd))
                        work_note_part(left, tmp, name, &st);
                return 0;
        }
        left->abandoned |= fd >= 0 && S_ISDIR(st.st_mode);
        io_remove_tree(tmp, name, NULL);
        return 0;
}

/* An io_name_function. */
static int work_prune_one(int tmp, const char *name, void *context, struct error *err)
{
        (void)context, (void)err;
        if (str_has_suffix(name, WORK_PART))
                work_remove_part(tmp, name);
        return 0;
}

void work_prune(const struct store *store)
{
        io_each_name(store->fd, "tmp", work_prune_one, NULL, NULL);
}

static int work_compare_parts(const void *a, const void *b)
{
        const struct work_part *x = a, *y = b;

        return x->when < y->when ? -1 : x->when > y->when;
}

bool work_sweep(const struct store *store)
{
        CLEANUP(work_leftovers_free) struct work_leftovers left = { 0 };

        io_each_name(store->fd, "tmp", work_sweep_one, &left, NULL);
        if (left.part_count > WORK_PARTS) {
                qsort(left.parts, left.part_count, sizeof *left.parts, work_compare_parts);
                for (size_t i = 0; i < left.part_count - WORK_PARTS; i++)
                        work_remove_part(store->tmp, left.parts[i].name);
        }
        return left.abandoned;
}
