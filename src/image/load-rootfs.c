/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load-rootfs.h"

#include "../base/json.h"
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int load_rootfs_name(const struct load_options *options, char **ret, struct error *err)
{
        AUTO_FREE char *text = NULL;
        AUTO_ERROR struct error reason = { 0 };

        if (options->tag)
                return reference_normalize(options->tag, "localhost", ret, err);
        if (!options->path)
                return error_set(err, EINVAL, "this is a root file system: give it a name (--tag)");
        text = load_name_from_path(options->path);
        if (reference_normalize(text, "localhost", ret, &reason) < 0)
                return error_set(err, EINVAL,
                                 "this is a root file system, and its name makes no image's name: "
                                 "give one (--tag)");
        return 0;
}

int load_rootfs_describe(const struct load_options *options, struct load_plan *plan,
                         struct error *err)
{
        AUTO_FREE char *path = options->config ? str_dup(options->config)
                               : options->path ? str_format("%s.json", options->path)
                                               : NULL;
        AUTO_JSON struct json_object *document =
                options->document ? json_object_get(options->document) : NULL;
        AUTO_ERROR struct error reason = { 0 };

        if (!document && path &&
            json_read_file(AT_FDCWD, path, CONFIG_MAX_SIZE, &document, &reason) < 0 &&
            (options->config || reason.code != ENOENT))
                return error_set(err, reason.code, "%s", reason.message);
        return load_plan_describe_rootfs(plan, document, path ? path : "standard input",
                                         options->changes, err);
}

static int load_rootfs_refer(const struct load_options *options, const struct store *store,
                             const struct work *work, int fd, const char *name,
                             struct load_layer *layer, struct error *err)
{
        AUTO_FREE char *target = options->path ? realpath(options->path, NULL) : NULL;
        AUTO_FREE char *root = realpath(store->root, NULL);
        struct stat st;

        if (!target)
                return error_set(err, EINVAL, "standard input has no name to refer to");
        if (root && str_has_prefix(target, root) && target[strlen(root)] == '/')
                return error_set(err, EINVAL, "%s is in the store itself", target);
        if (fstat(fd, &st) < 0 || symlinkat(target, work->fd, name) < 0)
                return error_errno(err, errno, "cannot refer to %s", target);
        layer->file_time =
                str_format("%lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        return 0;
}

int load_rootfs_link(const struct load_options *options, const struct store *store,
                     const struct work *work, int fd, const char *name, struct load_layer *layer,
                     struct error *err)
{
        AUTO_FREE char *self = str_format("/proc/self/fd/%d", fd);

        if (options->file == LOAD_FILE_REFER)
                return load_rootfs_refer(options, store, work, fd, name, layer, err);
        if (linkat(AT_FDCWD, self, work->fd, name, AT_SYMLINK_FOLLOW) < 0)
                return error_errno(err, errno, "cannot take %s over", options->path);
        return 0;
}
