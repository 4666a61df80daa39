/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include "../base/io.h"
#include "tree-meta.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define TREE_OPAQUE "trusted.overlay.opaque"

/* What a directory gets at the end: its time, and what would be inherited by what is made in it. */
struct tree_directory {
        char *path; /* owned */
        struct timespec mtime;
        mode_t mode;
        void *default_acl; /* owned; or NULL */
        size_t default_acl_length;
};

struct tree {
        int top; /* borrowed */
        struct tree_owner own;

        /* The directory of the latest entry. Entries come directory by directory, so this saves
         * most lookups. It cannot be stale: what replaces it or a directory above it is an entry of
         * another directory, which takes this place first. */
        char *parent_path; /* owned; NULL while there is none */
        int parent;

        struct tree_directory *directories; /* owned; in the order of the entries */
        size_t directory_count, directory_capacity;
        size_t name_bytes, implied_bytes;
        struct strv implied;
};

struct tree *tree_new(int top)
{
        struct tree *tree = alloc_zero(1, sizeof *tree);

        tree->top = top;
        tree->parent = -1;
        tree->own = (struct tree_owner){ geteuid(), getegid() };
        return tree;
}

static void tree_leave(struct tree *tree)
{
        cleanup_close(&tree->parent);
        tree->parent = -1;
        free(tree->parent_path);
        tree->parent_path = NULL;
}

void tree_free(struct tree **place)
{
        struct tree *tree = *place;

        if (!tree)
                return;
        tree_leave(tree);
        for (size_t i = 0; i < tree->directory_count; i++) {
                free(tree->directories[i].path);
                free(tree->directories[i].default_acl);
        }
        free(tree->directories);
        strv_free(&tree->implied);
        free(tree);
        *place = NULL;
}

int tree_clean_path(const char *path, char **ret, struct error *err)
{
        AUTO_STRBUF struct strbuf clean = { 0 };

        if (strlen(path) > TREE_MAX_PATH)
                return error_set(err, ENAMETOOLONG, "path %.60s… is longer than %d bytes", path,
                                 TREE_MAX_PATH);
        for (const char *at = path; *at;) {
                size_t length = strcspn(at, "/");

                if (length == 2 && at[0] == '.' && at[1] == '.')
                        return error_set(err, EINVAL, "path %s leads out of the layer by '..'",
                                         path);
                if (length && !(length == 1 && *at == '.')) {
                        if (clean.length)
                                strbuf_append_char(&clean, '/');
                        strbuf_append_n(&clean, at, length);
                }
                at += length + (at[length] == '/');
        }
        *ret = strbuf_steal(&clean);
        return 0;
}

static bool tree_is_whiteout(const struct stat *st)
{
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int tree_set_opaque(int parent, const char *name, const char *path, struct error *err)
{
        AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 || fsetxattr(fd, TREE_OPAQUE, "y", 1, 0) < 0)
                return error_errno(err, errno, "cannot make %s opaque", path);
        return 0;
}

/* Make a directory. Returns 1 where it was there already. A whiteout of it, which came earlier,
 * becomes part of it: nothing of the lower layers shows through. */
static int tree_make_directory(int parent, const char *name, bool replace, mode_t mode,
                               const char *path, struct error *err)
{
        struct stat st;
        bool hides;

        if (mkdirat(parent, name, mode) == 0)
                return 0;
        if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(err, errno, "cannot make directory %s", path);
        if (S_ISDIR(st.st_mode))
                return 1;
        hides = tree_is_whiteout(&st);
        if (!replace && !hides)
                return error_set(err, ENOTDIR,
                                 "%s is in the way: it is no directory, and something is below it",
                                 path);
        if (unlinkat(parent, name, 0) < 0 || mkdirat(parent, name, mode) < 0)
                return error_errno(err, errno, "cannot make directory %s", path);
        return hides ? tree_set_opaque(parent, name, path, err) : 0;
}

static int tree_note_bytes(struct tree *tree, const char *path, struct error *err)
{
        tree->name_bytes += strlen(path) + 1;
        if (tree->name_bytes > TREE_MAX_NAMES)
                return error_set(err, EFBIG, "the names of its directories exceed %d MiB",
                                 TREE_MAX_NAMES >> 20);
        return 0;
}

static int tree_note_implied(struct tree *tree, const char *path, struct error *err)
{
        tree->implied_bytes += strlen(path) + TREE_NAME_COST;
        if (tree->implied_bytes > TREE_MAX_IMPLIED)
                return error_set(err, EFBIG, "too many directories have no entry of their own");
        strv_append(&tree->implied, path);
        return 0;
}

/* Make what is missing on the way to a directory, from the top. */
static int tree_make_parents(struct tree *tree, const char *path, struct error *err)
{
        AUTO_FREE char *copy = str_dup(path);
        AUTO_CLOSE int at = -1;

        for (char *name = copy, *end; name; name = end) {
                int parent = at < 0 ? tree->top : at;
                int next, result;

                end = strchr(name, '/');
                if (end)
                        *end = '\0';
                result = tree_make_directory(parent, name, false, 0755, copy, err);
                if (result < 0)
                        return -1;
                if (result == 0) {
                        if (tree_note_implied(tree, copy, err) < 0)
                                return -1;
                }
                next = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return error_errno(err, errno, "cannot open directory %s", copy);
                cleanup_close(&at);
                at = next;
                if (end)
                        *end++ = '/';
        }
        return 0;
}

static int tree_open_directory(struct tree *tree, const char *path, int *ret_fd, struct error *err)
{
        int fd = io_open_beneath(tree->top, path, O_PATH | O_DIRECTORY, 0);

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
                if (tree_make_parents(tree, path, err) < 0)
                        return -1;
                fd = io_open_beneath(tree->top, path, O_PATH | O_DIRECTORY, 0);
        }
        if (fd < 0 && errno == ELOOP)
                return error_set(err, ELOOP, "there is a symbolic link on the way to %s", path);
        if (fd < 0)
                return error_errno(err, errno, "cannot open directory %s", path);
        *ret_fd = fd;
        return 0;
}

/* Open the directory that path is in, and give the last component. The descriptor is the tree's. */
static int tree_enter(struct tree *tree, const char *path, int *ret_parent, const char **ret_name,
                      struct error *err)
{
        const char *slash = strrchr(path, '/');
        size_t length = slash ? (size_t)(slash - path) : 0;
        AUTO_FREE char *directory = NULL;
        int fd = -1;

        *ret_name = slash ? slash + 1 : path;
        *ret_parent = tree->top;
        if (!slash) {
                tree_leave(tree);
                return 0;
        }
        if (!tree->parent_path || strncmp(tree->parent_path, path, length) != 0 ||
            tree->parent_path[length]) {
                directory = str_dupn(path, length);
                if (tree_open_directory(tree, directory, &fd, err) < 0)
                        return -1;
                tree_leave(tree);
                tree->parent = fd;
                tree->parent_path = steal_str(&directory);
        }
        *ret_parent = tree->parent;
        return 0;
}

/* Enter path's directory, and make room for something that is no directory. */
static int tree_clear(int parent, const char *name, const char *path, struct error *err)
{
        if (io_remove_tree(parent, name, err) < 0)
                return error_wrap(err, "cannot replace %s", path);
        return 0;
}

/* --- entries */

static int tree_note_directory(struct tree *tree, const char *path, const struct tree_meta *meta,
                               struct error *err)
{
        struct tree_directory directory = { .mtime = meta->mtime, .mode = meta->mode };

        if (tree_note_bytes(tree, path, err) < 0)
                return -1;
        for (size_t i = 0; i < meta->xattr_count; i++) {
                if (!str_equal(meta->xattrs[i].name, TREE_DEFAULT_ACL))
                        continue;
                directory.default_acl_length = meta->xattrs[i].length;
                directory.default_acl = alloc_zero(meta->xattrs[i].length, 1);
                memcpy(directory.default_acl, meta->xattrs[i].value, meta->xattrs[i].length);
                break;
        }
        directory.path = str_dup(path);
        if (tree->directory_count == tree->directory_capacity) {
                tree->directory_capacity =
                        tree->directory_capacity ? tree->directory_capacity * 2 : 64;
                tree->directories = alloc_grow(tree->directories, tree->directory_capacity,
                                               sizeof *tree->directories);
        }
        tree->directories[tree->directory_count++] = directory;
        return 0;
}

static int tree_set_directory(struct tree *tree, int parent, const char *name, const char *path,
                              const struct tree_meta *meta, struct error *err)
{
        AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open directory %s", path);
        if ((st.st_uid != meta->uid || st.st_gid != meta->gid) &&
            fchown(fd, meta->uid, meta->gid) < 0)
                return error_errno(err, errno, "cannot give %s to %u:%u", path, meta->uid,
                                   meta->gid);
        if ((st.st_mode & 07777) != (meta->mode & 0777) && fchmod(fd, meta->mode & 0777) < 0)
                return error_errno(err, errno, "cannot set the mode of %s", path);
        if (meta->xattr_count && tree_set_xattrs(fd, path, meta, err) < 0)
                return -1;
        return tree_note_directory(tree, path, meta, err);
}

int tree_add_directory(struct tree *tree, const char *path, const struct tree_meta *meta,
                       struct error *err)
{
        const char *name;
        int parent;

        if (!*path)
                return tree_set_directory(tree, tree->top, ".", path, meta, err);
        if (tree_enter(tree, path, &parent, &name, err) < 0 ||
            tree_make_directory(parent, name, true, meta->mode & 0777, path, err) < 0)
                return -1;
        return tree_set_directory(tree, parent, name, path, meta, err);
}

int tree_add_symlink(struct tree *tree, const char *path, const char *target,
                     const struct tree_meta *meta, struct error *err)
{
        const char *name;
        int parent;

        if (tree_enter(tree, path, &parent, &name, err) < 0)
                return -1;
        if (symlinkat(target, parent, name) < 0) {
                if (errno != EEXIST)
                        return error_errno(err, errno, "cannot make symbolic link %s", path);
                if (tree_clear(parent, name, path, err) < 0)
                        return -1;
                if (symlinkat(target, parent, name) < 0)
                        return error_errno(err, errno, "cannot make symbolic link %s", path);
        }
        return tree_set_meta_at(&tree->own, parent, name, path, meta, err);
}

/* The directory of a hard link's target; nothing is made on the way. */
static int tree_find_target(struct tree *tree, const char *target, int *ret_parent,
                            const char **ret_name)
{
        const char *slash = strrchr(target, '/');
        AUTO_FREE char *directory = slash ? str_dupn(target, (size_t)(slash - target)) : NULL;
        int fd = io_open_beneath(tree->top, directory ? directory : ".", O_PATH | O_DIRECTORY, 0);

        if (fd < 0)
                return -1;
        *ret_parent = fd;
        *ret_name = slash ? slash + 1 : target;
        return 0;
}

int tree_add_hardlink(struct tree *tree, const char *path, const char *target, struct error *err)
{
        AUTO_CLOSE int target_parent = -1;
        const char *name, *target_name;
        struct stat st;
        int parent;

        if (tree_find_target(tree, target, &target_parent, &target_name) < 0 ||
            fstatat(target_parent, target_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(err, errno, "hard link %s: its target %s is not in the layer",
                                   path, target);
        if (S_ISDIR(st.st_mode))
                return error_set(err, EISDIR, "hard link %s: its target %s is a directory", path,
                                 target);
        if (str_equal(path, target))
                return 0;
        if (tree_enter(tree, path, &parent, &name, err) < 0)
                return -1;
        if (linkat(target_parent, target_name, parent, name, 0) == 0)
                return 0;
        if (errno == EEXIST) {
                if (tree_clear(parent, name, path, err) < 0)
                        return -1;
                if (linkat(target_parent, target_name, parent, name, 0) == 0)
                        return 0;
        }
        return error_errno(err, errno, "cannot make hard link %s to %s", path, target);
}

int tree_add_node(struct tree *tree, const char *path, const struct tree_meta *meta,
                  struct error *err)
{
        mode_t mode = (meta->mode & S_IFMT) | (meta->mode & 0777);
        const char *name;
        int parent;

        if (tree_enter(tree, path, &parent, &name, err) < 0)
                return -1;
        if (mknodat(parent, name, mode, meta->device) < 0) {
                if (errno != EEXIST)
                        return error_errno(err, errno, "cannot make device %s", path);
                if (tree_clear(parent, name, path, err) < 0)
                        return -1;
                if (mknodat(parent, name, mode, meta->device) < 0)
                        return error_errno(err, errno, "cannot make device %s", path);
        }
        return tree_set_meta_at(&tree->own, parent, name, path, meta, err);
}

int tree_open_file(struct tree *tree, const char *path, const struct tree_meta *meta, int *ret_fd,
                   struct error *err)
{
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        const char *name;
        int parent, fd;

        if (tree_enter(tree, path, &parent, &name, err) < 0)
                return -1;
        fd = openat(parent, name, flags, meta->mode & 0777);
        if (fd < 0 && errno == EEXIST) {
                if (tree_clear(parent, name, path, err) < 0)
                        return -1;
                fd = openat(parent, name, flags, meta->mode & 0777);
        }
        if (fd < 0)
                return error_errno(err, errno, "cannot make file %s", path);
        *ret_fd = fd;
        return 0;
}

int tree_finish_file(struct tree *tree, int fd, const char *path, const struct tree_meta *meta,
                     struct error *err)
{
        return tree_set_meta(&tree->own, fd, path, meta, err);
}

int tree_add_whiteout(struct tree *tree, const char *path, struct error *err)
{
        struct stat st;
        const char *name;
        int parent;

        if (tree_enter(tree, path, &parent, &name, err) < 0)
                return -1;
        if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
                return 0;
        if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(err, errno, "cannot hide %s", path);
        return S_ISDIR(st.st_mode) ? tree_set_opaque(parent, name, path, err) : 0;
}

int tree_add_opaque(struct tree *tree, const char *path, struct error *err)
{
        AUTO_FREE char *inside = NULL;
        const char *name;
        int parent;

        if (!*path)
                return error_set(err, EINVAL, "hides the whole image below it");
        inside = str_format("%s/x", path);
        if (tree_enter(tree, inside, &parent, &name, err) < 0)
                return -1;
        return tree_set_opaque(parent, ".", path, err);
}

/* --- the end */

/* A directory that something else has replaced since gets nothing. */
static int tree_finish_directory(struct tree *tree, const struct tree_directory *directory,
                                 struct error *err)
{
        const struct timespec times[] = { directory->mtime, directory->mtime };
        const char *path = *directory->path ? directory->path : ".";
        AUTO_CLOSE int fd = io_open_beneath(tree->top, path, O_RDONLY | O_DIRECTORY, 0);

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
                return 0;
        if (fd < 0)
                return error_errno(err, errno, "cannot open directory %s", path);
        if (directory->mode & 07000 && fchmod(fd, directory->mode & 07777) < 0)
                return error_errno(err, errno, "cannot set the mode of %s", path);
        if (directory->default_acl && fsetxattr(fd, TREE_DEFAULT_ACL, directory->default_acl,
                                                directory->default_acl_length, 0) < 0)
                return error_errno(err, errno, "cannot set the default ACL of %s", path);
        if (futimens(fd, times) < 0)
                return error_errno(err, errno, "cannot set the time of %s", path);
        return 0;
}

int tree_finish(struct tree *tree, struct error *err)
{
        for (size_t i = 0; i < tree->directory_count; i++)
                if (tree_finish_directory(tree, tree->directories + i, err) < 0)
                        return -1;
        return 0;
}

static int tree_compare_paths(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

void tree_list_implied(struct tree *tree, struct strv *list)
{
        AUTO_FREE char **own = alloc_zero(tree->directory_count, sizeof *own);
        struct strv *implied = &tree->implied;

        for (size_t i = 0; i < tree->directory_count; i++)
                own[i] = tree->directories[i].path;
        qsort(own, tree->directory_count, sizeof *own, tree_compare_paths);
        if (!tree->directory_count || **own) /* "" sorts first */
                strv_append(implied, ".");
        if (implied->count)
                qsort(implied->items, implied->count, sizeof *implied->items, tree_compare_paths);
        for (size_t i = 0; i < implied->count; i++)
                if ((i == 0 || !str_equal(implied->items[i], implied->items[i - 1])) &&
                    !bsearch(implied->items + i, own, tree->directory_count, sizeof *own,
                             tree_compare_paths))
                        strv_append(list, implied->items[i]);
}
