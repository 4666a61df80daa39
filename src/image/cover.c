/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cover.h"

#include "../base/io.h"
#include "union.h"
#include "xattrs.h"

#include <errno.h>
#include <sys/stat.h>

/* A directory as the image shows it, on the way from the top to an implied one. */
struct cover_directory {
        char *path;     /* owned; "." is the top */
        size_t *layers; /* owned; those that show something in it, uppermost first */
        size_t count;
        size_t model; /* the layer whose attributes it has */
        bool made;    /* in the cover */
};

struct cover {
        int parent;                 /* borrowed */
        const char *name;           /* borrowed */
        int fd;                     /* owned; the cover, or -1: nothing needs one yet */
        struct cover_layer *layers; /* borrowed */
        size_t count;
        struct cover_directory all;  /* where the top is in: every layer */
        struct cover_directory *way; /* owned; from the top to where we are */
        size_t depth;
};

/* --- in order: a directory, all that is in it, its next neighbour */

static int cover_rank(char c)
{
        return c == '\0' ? 0 : c == '/' ? 1 : (unsigned char)c + 1;
}

static int cover_compare_paths(const void *a, const void *b)
{
        const char *x = *(char *const *)a, *y = *(char *const *)b;

        while (*x && *x == *y)
                x++, y++;
        return cover_rank(*x) - cover_rank(*y);
}

static void cover_sort(struct strv *paths)
{
        if (paths->count)
                qsort(paths->items, paths->count, sizeof *paths->items, cover_compare_paths);
}

static bool cover_implies(const struct cover_layer *layer, const char *path)
{
        return layer->implied.count && bsearch(&path, layer->implied.items, layer->implied.count,
                                               sizeof *layer->implied.items, cover_compare_paths);
}

/* --- a directory's layers */

static int cover_open(const struct cover *cover, size_t layer, const char *path, struct stat *st)
{
        AUTO_CLOSE int fd = io_open_beneath(cover->layers[layer].fd, path, O_PATH | O_NOFOLLOW, 0);

        return fd < 0 || fstat(fd, st) < 0 ? -1 : steal_fd(&fd);
}

/*
 * Look through the parent's layers: which have a part in the directory (none below one that is
 * opaque), and which is the uppermost that has an entry for it? An opaque directory takes away what
 * was in the one below, not its attributes.
 */
static int cover_collect(const struct cover *cover, const struct cover_directory *parent,
                         struct cover_directory *directory, struct error *err)
{
        bool opaque = false, modelled = false;

        directory->layers = alloc_zero(parent->count, sizeof *directory->layers);
        for (size_t i = 0; i < parent->count && !(opaque && modelled); i++) {
                struct stat st;
                AUTO_CLOSE int fd = cover_open(cover, parent->layers[i], directory->path, &st);

                if (fd < 0 && errno == ENOENT)
                        continue;
                if (fd < 0)
                        return error_errno(err, errno, "cannot look at %s in layer %zu",
                                           directory->path, parent->layers[i] + 1);
                if (!S_ISDIR(st.st_mode))
                        break;
                if (!opaque)
                        directory->layers[directory->count++] = parent->layers[i];
                if (!modelled &&
                    !cover_implies(cover->layers + parent->layers[i], directory->path)) {
                        directory->model = parent->layers[i];
                        modelled = true;
                }
                opaque |= union_is_opaque(fd);
        }
        if (!modelled && directory->count)
                directory->model = directory->layers[0];
        return 0;
}

/* Has the layers' uppermost already the attributes that the image's has? Where it is not the model,
 * it has no extended ones. */
static int cover_is_right(const struct cover *cover, const struct cover_directory *directory,
                          struct error *err)
{
        struct stat shown, wanted;
        AUTO_CLOSE int one = cover_open(cover, directory->layers[0], directory->path, &shown);
        AUTO_CLOSE int other = cover_open(cover, directory->model, directory->path, &wanted);
        int some = 0;

        if (one < 0 || other < 0)
                return error_errno(err, errno, "cannot look at %s", directory->path);
        if (shown.st_mode != wanted.st_mode || shown.st_uid != wanted.st_uid ||
            shown.st_gid != wanted.st_gid)
                return 0;
        if (directory->model != directory->layers[0])
                some = xattrs_any(other, directory->path, err);
        return some < 0 ? -1 : !some;
}

/* --- directories of the cover */

static int cover_make_directory(struct cover *cover, const char *path, struct error *err)
{
        bool top = cover->fd < 0;

        if (mkdirat(top ? cover->parent : cover->fd, top ? cover->name : path, 0700) < 0)
                return error_errno(err, errno, "cannot make directory %s", path);
        if (top)
                cover->fd = openat(cover->parent, cover->name,
                                   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return cover->fd < 0 ? error_errno(err, errno, "cannot open %s", cover->name) : 0;
}

/* All on the way: the cover is above them as well. */
static int cover_make_way(struct cover *cover, struct error *err)
{
        for (size_t i = 0; i < cover->depth; i++) {
                if (cover->way[i].made)
                        continue;
                if (cover_make_directory(cover, cover->way[i].path, err) < 0)
                        return -1;
                cover->way[i].made = true;
        }
        return 0;
}

/* When all is in it: an access list would be inherited, and the time would change. */
static int cover_finish_directory(const struct cover *cover,
                                  const struct cover_directory *directory, struct error *err)
{
        struct stat st;
        AUTO_CLOSE int model = cover_open(cover, directory->model, directory->path, &st);
        AUTO_CLOSE int fd = io_open_beneath(cover->fd, directory->path, O_RDONLY | O_DIRECTORY, 0);
        struct timespec times[2] = { st.st_mtim, st.st_mtim };

        if (model < 0 || fd < 0)
                return error_errno(err, errno, "cannot open %s", directory->path);
        if (fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, st.st_mode & 07777) < 0)
                return error_errno(err, errno, "cannot set the mode of %s", directory->path);
        if (xattrs_copy(model, fd, directory->path, err) < 0)
                return -1;
        if (futimens(fd, times) < 0)
                return error_errno(err, errno, "cannot set the time of %s", directory->path);
        return 0;
}

/* --- the way through the tree */

static void cover_directory_free(struct cover_directory *directory)
{
        free(directory->path);
        free(directory->layers);
        *directory = (struct cover_directory){ 0 };
}

static int cover_leave(struct cover *cover, struct error *err)
{
        struct cover_directory *directory = cover->way + --cover->depth;
        int result = directory->made ? cover_finish_directory(cover, directory, err) : 0;

        cover_directory_free(directory);
        return result;
}

static bool cover_is_in(const char *path, const struct cover_directory *directory)
{
        size_t length = strlen(directory->path);

        return str_equal(directory->path, ".") ||
               (strncmp(path, directory->path, length) == 0 && path[length] == '/');
}

/* Step from the last directory on the way to path, which is in it. 0: there is none to be seen. */
static int cover_enter(struct cover *cover, const char *path, size_t length, struct error *err)
{
        CLEANUP(cover_directory_free)
        struct cover_directory directory = { .path = str_dupn(path, length) };

        if (cover_collect(cover, cover->depth ? cover->way + cover->depth - 1 : &cover->all,
                          &directory, err) < 0)
                return -1;
        if (!directory.count)
                return 0;
        cover->way = alloc_grow(cover->way, cover->depth + 1, sizeof *cover->way);
        cover->way[cover->depth++] = directory;
        directory = (struct cover_directory){ 0 };
        return 1;
}

/* Go to path, from the directory on the way that it is in. */
static int cover_go(struct cover *cover, const char *path, struct error *err)
{
        const char *from = path;
        int result = 1;

        if (!cover->depth)
                result = cover_enter(cover, ".", 1, err);
        while (result > 0 && cover->depth > 1 && !cover_is_in(path, cover->way + cover->depth - 1))
                if (cover_leave(cover, err) < 0)
                        return -1;
        if (str_equal(path, "."))
                return result;
        if (cover->depth > 1)
                from += strlen(cover->way[cover->depth - 1].path) + 1;
        while (result > 0 && from) {
                const char *slash = strchr(from, '/');

                result = cover_enter(cover, path, slash ? (size_t)(slash - path) : strlen(path),
                                     err);
                from = slash ? slash + 1 : NULL;
        }
        return result;
}

static int cover_visit(struct cover *cover, const char *path, struct error *err)
{
        int result = cover_go(cover, path, err);

        if (result <= 0)
                return result;
        result = cover_is_right(cover, cover->way + cover->depth - 1, err);
        return result == 0 ? cover_make_way(cover, err) : result > 0 ? 0 : -1;
}

static int cover_visit_all(struct cover *cover, const volatile sig_atomic_t *cancel,
                           struct error *err)
{
        AUTO_STRV struct strv paths = { 0 };

        for (size_t i = 0; i < cover->count; i++) {
                cover_sort(&cover->layers[i].implied);
                strv_append_all(&paths, &cover->layers[i].implied);
        }
        cover_sort(&paths);
        for (size_t i = 0; i < paths.count; i++) {
                if (cancel && *cancel)
                        return error_set(err, EINTR, "interrupted");
                if ((i == 0 || !str_equal(paths.items[i], paths.items[i - 1])) &&
                    cover_visit(cover, paths.items[i], err) < 0)
                        return -1;
        }
        while (cover->depth)
                if (cover_leave(cover, err) < 0)
                        return -1;
        return cover->fd >= 0;
}

int cover_make(int parent, const char *name, struct cover_layer *layers, size_t count,
               const volatile sig_atomic_t *cancel, struct error *err)
{
        struct cover cover = {
                .parent = parent, .name = name, .fd = -1, .layers = layers, .count = count
        };
        int result;

        cover.all.layers = alloc_zero(count, sizeof *cover.all.layers);
        for (cover.all.count = 0; cover.all.count < count; cover.all.count++)
                cover.all.layers[cover.all.count] = count - 1 - cover.all.count;
        result = cover_visit_all(&cover, cancel, err);
        while (cover.depth)
                cover_directory_free(cover.way + --cover.depth);
        cover_directory_free(&cover.all);
        free(cover.way);
        cleanup_close(&cover.fd);
        return result;
}

int cover_refuse_implied(struct error *err)
{
        return error_set(err, EFBIG,
                         "the layers lack entries for directories whose names have more than %d "
                         "bytes",
                         COVER_MAX_IMPLIED);
}

void cover_layers_forget(struct cover_layer *layers, size_t *count)
{
        while (*count) {
                struct cover_layer *layer = layers + --*count;

                cleanup_close(&layer->fd);
                strv_free(&layer->implied);
                *layer = (struct cover_layer){ 0 };
        }
}

void cover_layers_free(struct cover_layer *layers, size_t count)
{
        cover_layers_forget(layers, &count);
        free(layers);
}
