/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "prepare.h"

#include "../base/io.h"
#include "../base/json.h"
#include "ownership.h"
#include "path.h"
#include "volume-copy.h"

#include <sys/mount.h>
#include <sys/stat.h>

/* An upper layer's directory is what the container sees at the mount: it looks as the lower one. */
static int prepare_copy_owner(const struct plan_directory *directory, struct error *err)
{
        struct stat st;

        if (stat(directory->like, &st) < 0 || chown(directory->path, st.st_uid, st.st_gid) < 0 ||
            chmod(directory->path, st.st_mode & 07777) < 0)
                return error_errno(err, errno, "cannot make %s look as %s", directory->path,
                                   directory->like);
        return 0;
}

/* An anonymous volume has what the image has there, or belongs to who will use it. */
static int prepare_volume(const struct prepare *prepare, const struct plan_directory *directory,
                          struct error *err)
{
        int found = volume_copy(prepare->root, directory->target, directory->path, err);

        if (found)
                return found < 0 ? -1 : 0;
        if (chown(directory->path, prepare->plan->uid, prepare->plan->gid) < 0)
                return error_errno(err, errno, "cannot change the owner of %s", directory->path);
        return 0;
}

/* What is made for the container belongs to its root. */
static int prepare_give_to_root(const struct prepare *prepare, const char *path)
{
        const struct plan *plan = prepare->plan;

        if (!plan->root_uid && !plan->root_gid)
                return 0;
        return chown(path, plan->root_uid, plan->root_gid);
}

static int prepare_directory(const struct prepare *prepare, const struct plan_directory *directory,
                             struct error *err)
{
        /* A kept volume has its content. */
        if (access(directory->path, F_OK) == 0)
                return 0;
        if (io_make_dirs(AT_FDCWD, directory->path, 0755, err) < 0)
                return -1;
        if (prepare_give_to_root(prepare, directory->path) < 0)
                return error_errno(err, errno, "cannot prepare %s", directory->path);
        if (directory->like)
                return prepare_copy_owner(directory, err);
        if (!directory->copy)
                return 0;
        return prepare_volume(prepare, directory, err);
}

static int prepare_make_for_root(const struct prepare *prepare, int parent, const char *name)
{
        const struct plan *plan = prepare->plan;

        if (mkdirat(parent, name, 0755) < 0)
                return errno == EEXIST ? 0 : -1;
        if (!plan->root_uid && !plan->root_gid)
                return 0;
        return fchownat(parent, name, plan->root_uid, plan->root_gid, AT_SYMLINK_NOFOLLOW);
}

/* One missing directory in the root file system, with its parents, wherever links lead within it.
 */
static int prepare_root_directory(const struct prepare *prepare, const char *path,
                                  struct error *err)
{
        AUTO_STRV struct strv parts = { 0 };
        AUTO_STRBUF struct strbuf walked = { 0 };

        strv_split(&parts, path, "/", false);
        strbuf_append_char(&walked, '/');
        for (size_t i = 0; i < parts.count; i++) {
                AUTO_CLOSE int parent =
                        io_open_in_root(prepare->root, walked.data, O_RDONLY | O_DIRECTORY, 0);

                if (parent < 0 || prepare_make_for_root(prepare, parent, parts.items[i]) < 0)
                        return error_errno(err, errno, "cannot make %s in the container", path);
                strbuf_appendf(&walked, "%s/", parts.items[i]);
        }
        return 0;
}

/* In the place of whatever is there, but a directory. */
static int prepare_link(const struct prepare *prepare, const char *path, const char *text,
                        struct error *err)
{
        const char *name = strrchr(path, '/') + 1;
        AUTO_FREE char *directory = str_dupn(path, (size_t)(name - path));
        AUTO_CLOSE int parent = -1;

        if (prepare_root_directory(prepare, directory, err) < 0)
                return -1;
        parent = io_open_in_root(prepare->root, directory, O_RDONLY | O_DIRECTORY, 0);
        if (parent < 0 || (unlinkat(parent, name, 0) < 0 && errno != ENOENT) ||
            symlinkat(text, parent, name) < 0 ||
            fchownat(parent, name, prepare->plan->root_uid, prepare->plan->root_gid,
                     AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(err, errno, "cannot make the link %s in the container", path);
        return 0;
}

/* --- where the runtime mounts */

/* Whether something that is mounted before lies over path: then the image's own is not seen. */
static bool prepare_is_covered(const struct strv *before, const char *path)
{
        for (size_t i = 0; i < before->count; i++)
                if (path_is_below(path, before->items[i]))
                        return true;
        return false;
}

/* The runtime opens what it finds on the way to a mount point that it has to make: a FIFO would
 * stop it for ever, and opening a device is an act of its own. Nothing is opened here. */
static int prepare_check_way(const struct prepare *prepare, const char *path, struct error *err)
{
        AUTO_CLOSE int there = io_open_in_root(prepare->root, path, O_PATH, 0);
        AUTO_STRV struct strv parts = { 0 };
        AUTO_STRBUF struct strbuf walked = { 0 };

        strv_split(&parts, path, "/", false);
        for (size_t i = 0; there < 0 && i < parts.count; i++) {
                AUTO_CLOSE int fd = -1;
                struct stat st;

                strbuf_appendf(&walked, "/%s", parts.items[i]);
                fd = io_open_in_root(prepare->root, walked.data, O_PATH, 0);
                if (fd < 0)
                        return 0; /* missing, or a link that leads nowhere: the runtime says so */
                if (fstat(fd, &st) < 0)
                        return error_errno(err, errno, "cannot look at %s", walked.data);
                if (!S_ISDIR(st.st_mode))
                        return error_set(err, ENOTDIR,
                                         "cannot mount at %s: the image's %s is no directory", path,
                                         walked.data);
        }
        return 0;
}

static int prepare_check_targets(const struct prepare *prepare, struct error *err)
{
        struct json_object *mounts = NULL;
        AUTO_STRV struct strv before = { 0 };

        if (json_get_array(prepare->plan->config, "mounts", &mounts, err) < 0)
                return -1;
        for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
                const char *target = NULL;

                if (json_get_string(json_object_array_get_idx(mounts, i), "destination", &target,
                                    err) < 0)
                        return -1;
                if (!target || prepare_is_covered(&before, target))
                        continue;
                if (prepare_check_way(prepare, target, err) < 0)
                        return -1;
                strv_append(&before, target);
        }
        return 0;
}

static int prepare_write_files(const struct prepare *prepare, struct error *err)
{
        for (size_t i = 0; i < prepare->plan->file_count; i++) {
                const struct plan_file *file = &prepare->plan->files[i];
                AUTO_FREE char *name = str_format("%s/%s", prepare->run, file->name);

                if (io_write_file(AT_FDCWD, name, file->text, strlen(file->text), 0644, IO_NO_SYNC,
                                  err) < 0)
                        return -1;
                if (prepare_give_to_root(prepare, name) < 0)
                        return error_errno(err, errno, "cannot prepare %s", name);
        }
        return 0;
}

static int prepare_overlay(const struct plan_overlay *overlay, struct error *err)
{
        AUTO_FREE char *options = str_format("lowerdir=%s,upperdir=%s,workdir=%s", overlay->lower,
                                             overlay->upper, overlay->work);

        if (mount("overlay", overlay->target, "overlay", 0, options) < 0)
                return error_errno(err, errno, "cannot lay a writable layer over %s",
                                   overlay->lower);
        return 0;
}

int prepare_container(const struct prepare *prepare, struct error *err)
{
        const struct plan *plan = prepare->plan;

        for (size_t i = 0; i < plan->directory_count; i++)
                if (prepare_directory(prepare, &plan->directories[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < plan->overlay_count; i++)
                if (prepare_overlay(&plan->overlays[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < plan->chown.count; i++)
                if (ownership_give(plan->chown.items[i], plan->uid, plan->gid, err) < 0)
                        return -1;
        for (size_t i = 0; i < plan->make_dirs.count; i++)
                if (prepare_root_directory(prepare, plan->make_dirs.items[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < plan->links.count; i += 2)
                if (prepare_link(prepare, plan->links.items[i], plan->links.items[i + 1], err) < 0)
                        return -1;
        if (prepare_check_targets(prepare, err) < 0)
                return -1;
        return prepare_write_files(prepare, err);
}
