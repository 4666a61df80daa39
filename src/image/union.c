/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "union.h"

#include "../base/io.h"
#include "../base/json.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define UNION_OPAQUE "trusted.overlay.opaque"

struct union_tree {
        const int *layers; /* borrowed; lowest first */
        size_t count;
        union_function *function;
        void *context;
};

/* A directory as the stack shows it: the layers that have a part in it, uppermost first. */
struct union_directory {
        const char *path; /* borrowed */
        size_t *layers;   /* owned */
        size_t count;
};

static bool union_is_whiteout(const struct stat *st)
{
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* Attributes of what was opened with O_PATH are reached by its name in /proc. */
bool union_is_opaque(int fd)
{
        AUTO_FREE char *path = str_format("/proc/self/fd/%d", fd);
        char value = 0;

        return getxattr(path, UNION_OPAQUE, &value, 1) == 1 && value == 'y';
}

/* Open path in a layer: -1 with ENOENT where it is not there. */
static int union_open(const struct union_tree *tree, size_t layer, const char *path,
                      struct stat *ret_st, int *ret_fd, struct error *err)
{
        AUTO_CLOSE int fd =
                io_open_beneath(tree->layers[layer], *path ? path : ".", O_PATH | O_NOFOLLOW, 0);

        if (fd < 0 || fstat(fd, ret_st) < 0)
                return error_errno(err, errno, "cannot look at %s in layer %zu", path, layer + 1);
        *ret_fd = steal_fd(&fd);
        return 0;
}

/* Which of the parent's layers, from the given place on, make the directory at path? */
static int union_collect(const struct union_tree *tree, const struct union_directory *parent,
                         size_t from, const char *path, struct union_directory *ret,
                         struct error *err)
{
        ret->path = path;
        ret->layers = alloc_zero(parent->count, sizeof *ret->layers);
        ret->count = 0;
        for (size_t i = from; i < parent->count; i++) {
                AUTO_ERROR struct error reason = { 0 };
                AUTO_CLOSE int fd = -1;
                struct stat st;

                if (union_open(tree, parent->layers[i], path, &st, &fd, &reason) < 0) {
                        if (reason.code == ENOENT)
                                continue;
                        return error_set(err, reason.code, "%s", reason.message);
                }
                if (!S_ISDIR(st.st_mode))
                        break;
                ret->layers[ret->count++] = parent->layers[i];
                if (union_is_opaque(fd))
                        break;
        }
        return 0;
}

/* Note for each name which of the directory's layers has it first. */
static int union_list_layer(const struct union_tree *tree, const struct union_directory *directory,
                            size_t place, struct json_object *names, struct error *err)
{
        AUTO_CLOSE int fd = io_open_beneath(tree->layers[directory->layers[place]],
                                            *directory->path ? directory->path : ".",
                                            O_RDONLY | O_DIRECTORY, 0);
        AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot read directory %s", directory->path);
        fd = -1;
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, "..") &&
                    !json_object_object_get_ex(names, entry->d_name, NULL))
                        json_object_object_add(names, entry->d_name,
                                               json_object_new_int64((int64_t)place));
        return 0;
}

static int union_compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int union_walk_directory(const struct union_tree *tree,
                                const struct union_directory *directory, struct error *err);

static int union_walk_name(const struct union_tree *tree, const struct union_directory *directory,
                           size_t place, const char *name, struct error *err)
{
        AUTO_FREE char *path =
                str_format("%s%s%s", directory->path, *directory->path ? "/" : "", name);
        struct union_entry entry = { .path = path, .layer = directory->layers[place] };
        struct union_directory below = { 0 };
        AUTO_CLOSE int fd = -1;
        int result;

        if (union_open(tree, entry.layer, path, &entry.st, &fd, err) < 0)
                return -1;
        if (union_is_whiteout(&entry.st))
                return 0;
        entry.fd = fd;
        if (tree->function(tree->context, &entry, err) < 0)
                return -1;
        if (!S_ISDIR(entry.st.st_mode))
                return 0;
        cleanup_close(&fd); /* deep trees need few descriptors */
        fd = -1;
        result = union_collect(tree, directory, place, path, &below, err);
        if (result == 0)
                result = union_walk_directory(tree, &below, err);
        free(below.layers);
        return result;
}

static int union_walk_directory(const struct union_tree *tree,
                                const struct union_directory *directory, struct error *err)
{
        AUTO_JSON struct json_object *places = json_object_new_object();
        AUTO_STRV struct strv names = { 0 };

        for (size_t i = 0; i < directory->count; i++)
                if (union_list_layer(tree, directory, i, places, err) < 0)
                        return -1;
        json_object_object_foreach(places, name, unused)
        {
                (void)unused;
                strv_append(&names, name);
        }
        if (names.count)
                qsort(names.items, names.count, sizeof *names.items, union_compare_names);
        for (size_t i = 0; i < names.count; i++) {
                struct json_object *place = json_object_object_get(places, names.items[i]);

                if (union_walk_name(tree, directory, (size_t)json_object_get_int64(place),
                                    names.items[i], err) < 0)
                        return -1;
        }
        return 0;
}

int union_walk(const int *layers, size_t count, union_function *function, void *context,
               struct error *err)
{
        struct union_tree tree = { layers, count, function, context };
        AUTO_FREE size_t *order = alloc_zero(count, sizeof *order);
        struct union_directory top = { "", order, count };
        struct union_entry entry = { .path = "", .layer = count - 1 };
        AUTO_CLOSE int fd = -1;

        if (!count)
                return 0;
        for (size_t i = 0; i < count; i++)
                order[i] = count - 1 - i;
        if (union_open(&tree, entry.layer, "", &entry.st, &fd, err) < 0)
                return -1;
        entry.fd = fd;
        if (function(context, &entry, err) < 0)
                return -1;
        return union_walk_directory(&tree, &top, err);
}
