/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crunit cp: between the host and a container. As cp(1) and podman's: a file becomes the target, or
 * goes into it where that is a directory; a directory likewise, and with "/." at its end what is in
 * it is copied. `-` is a tar stream.
 */
#include "../base/io.h"
#include "../base/log.h"
#include "../base/settings.h"
#include "../container/tree-copy.h"
#include "../container/vantage.h"
#include "../image/store.h"
#include "cp-tar.h"
#include "image-cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

struct cp_request {
        bool archive, pause, overwrite;
        char *root; /* owned */
};

const struct option_row cmd_cp_options[] = {
        { "archive", 'a', OPTION_FLAG, NULL,
          "What is copied into a container belongs to its user (default); =false: to whom it does "
          "here",
          option_take_bool, offsetof(struct cp_request, archive) },
        { "overwrite", 0, OPTION_FLAG, NULL, NULL, option_take_bool,
          offsetof(struct cp_request, overwrite) },
        { "pause", 0, OPTION_FLAG, NULL, NULL, option_take_bool,
          offsetof(struct cp_request, pause) },
        { "root", 0, OPTION_VALUE, "DIR", cmd_root_help, option_take_string,
          offsetof(struct cp_request, root) },
        { .name = NULL },
};

/* One side. */
struct cp_side {
        char *container; /* owned; its name, or NULL for the host */
        char *path;      /* owned; as given */
        int root;        /* borrowed; of the container, or -1 */
};

static void cp_side_free(struct cp_side *side)
{
        free(side->container);
        free(side->path);
}

/* NAME:PATH, where a slash or a dot does not come first. */
static void cp_parse_side(const char *word, struct cp_side *ret)
{
        size_t colon = strcspn(word, ":/");

        ret->root = -1;
        if (word[0] != '.' && colon && word[colon] == ':') {
                ret->container = str_dupn(word, colon);
                ret->path = str_concat("/", word + colon + 1);
        } else {
                ret->path = str_dup(word);
        }
}

static int cp_open(const struct cp_side *side, const char *path, int flags)
{
        return side->root >= 0 ? io_open_in_root(side->root, path, flags, 0)
                               : open(path, flags | O_CLOEXEC);
}

/* The last component, without slashes behind it; "" of "/" and where "." or ".." is the last. */
static char *cp_base(const char *path)
{
        size_t end = strlen(path), begin;
        AUTO_FREE char *base = NULL;

        while (end && path[end - 1] == '/')
                end--;
        for (begin = end; begin && path[begin - 1] != '/'; begin--)
                ;
        base = str_dupn(path + begin, end - begin);
        return str_equal(base, ".") || str_equal(base, "..") ? str_dup("") : steal_str(&base);
}

/* Does it mean what is in a directory, and not the directory? */
static bool cp_is_content(const char *path)
{
        AUTO_FREE char *base = cp_base(path);

        return !*base;
}

static bool cp_is_directory(int fd)
{
        struct stat st;

        return fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The directory that a path is in, which has to be there. */
static int cp_open_parent(const struct cp_side *side, struct error *err)
{
        size_t end = strlen(side->path);
        AUTO_FREE char *parent = NULL;
        int fd;

        while (end && side->path[end - 1] == '/')
                end--;
        while (end && side->path[end - 1] != '/')
                end--;
        parent = end ? str_dupn(side->path, end) : str_dup(".");
        fd = cp_open(side, parent, O_RDONLY | O_DIRECTORY);
        return fd >= 0 ? fd : error_errno(err, errno, "cannot open %s", parent);
}

/* Where the source goes: a directory, and the name in it ("": what is in the source goes there). */
static int cp_choose_target(const struct cp_side *source, bool is_directory,
                            const struct cp_side *target, char **ret_name, struct error *err)
{
        AUTO_CLOSE int there = cp_open(target, target->path, O_PATH);
        bool into = cp_is_directory(there);

        if (into) {
                *ret_name = is_directory && cp_is_content(source->path) ? str_dup("")
                                                                        : cp_base(source->path);
                return cp_open(target, target->path, O_RDONLY | O_DIRECTORY);
        }
        if (there >= 0 && is_directory)
                return error_set(err, ENOTDIR, "cannot copy the directory %s to the file %s",
                                 source->path, target->path);
        if (!is_directory && str_has_suffix(target->path, "/"))
                return error_set(err, ENOENT, "there is no directory %s", target->path);
        if (cp_is_content(target->path))
                return error_set(err, ENOENT, "there is no %s", target->path);
        *ret_name = cp_base(target->path);
        return cp_open_parent(target, err);
}

static int cp_copy(const struct tree_copy *copy, const struct cp_side *source,
                   const struct cp_side *target, struct error *err)
{
        AUTO_CLOSE int from = cp_open(source, source->path, O_PATH);
        AUTO_CLOSE int to = -1;
        AUTO_FREE char *name = NULL;

        if (from < 0)
                return error_errno(err, errno, "cannot open %s", source->path);
        to = cp_choose_target(source, cp_is_directory(from), target, &name, err);
        if (to < 0)
                return -1;
        return *name ? tree_copy(copy, from, to, name, err)
                     : tree_copy_content(copy, from, to, err);
}

static int cp_from_tar(const struct tree_copy *copy, const struct cp_side *target,
                       struct error *err)
{
        AUTO_CLOSE int to = cp_open(target, target->path, O_RDONLY | O_DIRECTORY);

        if (to < 0)
                return error_errno(err, errno, "an archive goes into a directory: %s",
                                   target->path);
        return cp_tar_read(copy, STDIN_FILENO, to, err);
}

static int cp_to_tar(const struct cp_side *source, struct error *err)
{
        AUTO_CLOSE int from = cp_open(source, source->path, O_PATH);
        AUTO_FREE char *name = cp_base(source->path);

        if (from < 0)
                return error_errno(err, errno, "cannot open %s", source->path);
        if (isatty(STDOUT_FILENO))
                return error_set(err, EINVAL, "an archive is nothing for a terminal");
        return cp_tar_write(from, name, cp_is_directory(from) && !*name, STDOUT_FILENO, err);
}

static int cp_between(const struct cp_request *request, struct cp_side *source,
                      struct cp_side *target, struct error *err)
{
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_VANTAGE struct vantage vantage = VANTAGE_NONE;
        struct vantage_stores stores = { .additional = &settings.additional_stores };
        struct tree_copy copy = { .warn = log_warning_line, .to_host = source->container != NULL };
        /* What is relative means the directory we are in now, whatever is mounted over it. */
        const char *name = source->container ? source->container : target->container;

        if (settings_load(&settings, err) < 0)
                return -1;
        stores.storage =
                request->root ? store_root(request->root) : store_root_of(settings.storage);
        if (vantage_open(name, &stores, &vantage, err) < 0)
                return -1;
        copy.uid = copy.to_host ? geteuid() : vantage.uid;
        copy.gid = copy.to_host ? getegid() : vantage.gid;
        copy.keep_owners = !copy.to_host && !request->archive;
        *(source->container ? &source->root : &target->root) = vantage.root;
        umask(0);
        if (str_equal(source->path, "-"))
                return cp_from_tar(&copy, target, err);
        if (str_equal(target->path, "-"))
                return cp_to_tar(source, err);
        return cp_copy(&copy, source, target, err);
}

int cmd_cp(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        CLEANUP(cp_side_free) struct cp_side source = { 0 }, target = { 0 };
        struct cp_request request = { .archive = true };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 2, 2, &first, &status))
                return status;
        cp_parse_side(argv[first], &source);
        cp_parse_side(argv[first + 1], &target);
        if (!source.container == !target.container)
                error_set(&err, EINVAL,
                          "cp: one side has to be CONTAINER:PATH, and the other a path of the host "
                          "or -");
        else
                cp_between(&request, &source, &target, &err);
        free(request.root);
        return err.message ? log_failure(&err) : EXIT_SUCCESS;
}
