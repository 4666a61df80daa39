/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backing.h"

#include "../base/io.h"
#include "interrupt.h"
#include "rootfs.h"
#include "volume-copy.h"

#include <dirent.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

enum {
        BACKING_WAIT = 20,     /* milliseconds between looks at a lock */
        BACKING_ASK = 1000,    /* looks between messages to systemd */
        BACKING_PATIENCE = 600 /* seconds that are asked for */
};

static const struct spec_mount *backing_mount_of(const struct container_spec *spec, size_t i)
{
        return &spec->mounts[i];
}

/* --- images */

/* The image by the rules of --image, but for the platform: that is what the container has. */
static int backing_fetch(const struct fetch *fetch, const char *image, const char *pull,
                         struct backing_item *item, struct error *err)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        struct fetch other = *fetch;

        spec_init(&spec);
        spec.image = str_dup(image);
        spec.pull = str_dup(pull);
        strv_append_all(&spec.pull_options, &fetch->spec->pull_options);
        other.spec = &spec;
        return fetch_image(&other, &item->store, &item->image, err);
}

/* The store's lock, which nobody may hold while something is pulled. */
static void backing_let_go(struct backing_item *item)
{
        store_close(&item->store);
        item->store = (struct store)STORE_NONE;
}

/* The layers of an image by its id, and they stay until it is let go. */
static int backing_hold_image(const struct fetch *fetch, const char *id, struct backing_item *item,
                              struct error *err)
{
        AUTO_FREE char *name = str_format("sha256:%s", id ? id : "");

        image_free(&item->image);
        item->image = (struct image){ 0 };
        return backing_fetch(fetch, name, "never", item, err);
}

int backing_find(const struct fetch *fetch, struct backing *ret, struct error *err)
{
        const struct container_spec *spec = fetch->spec;
        const char *pull = str_equal(spec->pull, "never") ? "never" : "missing";

        if (spec->mount_count == 0)
                return 0;
        ret->items = alloc_zero(spec->mount_count, sizeof *ret->items);
        ret->count = spec->mount_count;
        for (size_t i = 0; i < ret->count; i++) {
                ret->items[i].store = (struct store)STORE_NONE;
                ret->items[i].volume = (struct volume)VOLUME_NONE;
        }
        for (size_t i = 0; i < ret->count; i++)
                if (spec->mounts[i].type == SPEC_MOUNT_IMAGE) {
                        if (backing_fetch(fetch, spec->mounts[i].source, pull, &ret->items[i],
                                          err) < 0)
                                return -1;
                        backing_let_go(&ret->items[i]);
                }
        return 0;
}

void backing_describe(const struct backing *backing, const struct container_spec *spec,
                      struct container_state *state)
{
        for (size_t i = 0; i < backing->count; i++) {
                const struct spec_mount *mount = backing_mount_of(spec, i);

                if (mount->type == SPEC_MOUNT_VOLUME &&
                    !strv_contains(&state->volumes, mount->source))
                        strv_append(&state->volumes, mount->source);
                if (mount->type == SPEC_MOUNT_IMAGE)
                        strv_append(&state->images, backing->items[i].image.id);
        }
}

/* upper and work for an image that may be written to, new at each start. */
static int backing_open_upper(const struct place *place, size_t number, struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/volumes/image-%zu", place->data, number);
        AUTO_FREE char *upper = str_format("%s/upper", directory);
        AUTO_FREE char *work = str_format("%s/work", directory);
        int fd;

        if (io_remove_tree(AT_FDCWD, directory, err) < 0 ||
            io_make_dirs(AT_FDCWD, upper, 0755, err) < 0 ||
            io_make_dirs(AT_FDCWD, work, 0700, err) < 0)
                return -1;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? error_errno(err, errno, "cannot open %s", directory) : fd;
}

static int backing_mount_image(struct backing *backing, const struct fetch *fetch, size_t i,
                               const struct place *place, const char *target, struct error *err)
{
        const struct spec_mount *mount = backing_mount_of(fetch->spec, i);
        struct backing_item *item = &backing->items[i];
        AUTO_FREE char *id = str_dup(item->image.id);
        bool writable = strv_contains(&mount->options, "rw");
        AUTO_CLOSE int upper = -1;
        CLEANUP(rootfs_free) struct rootfs rootfs = { .writable = -1, .fresh = true };

        if (io_make_dirs(AT_FDCWD, target, 0755, err) < 0)
                return -1;
        if (writable && (upper = backing_open_upper(place, i, err)) < 0)
                return -1;
        rootfs.writable = upper;
        if (backing_hold_image(fetch, id, item, err) < 0)
                return -1;
        strv_append_all(&rootfs.layers, &item->image.layers);
        strv_append(&backing->mounted, target);
        if (rootfs_mount_on(&rootfs, place->run, target, err) < 0)
                return error_wrap(err, "image %s", mount->source);
        item->view.path = str_dup(target);
        backing_let_go(item);
        return 0;
}

/* --- volumes */

/* systemd would give up on a start that takes so long. */
static void backing_ask_for_time(const char *what, const char *name)
{
        sd_notifyf(0, "STATUS=%s volume %s\nEXTEND_TIMEOUT_USEC=%llu", what, name,
                   BACKING_PATIENCE * 1000000ull);
}

/* Locked, whoever had it before; made where it is missing. */
static int backing_lock(const char *storage, const char *name, bool make, struct error *err)
{
        for (unsigned waited = 0;; waited++) {
                AUTO_ERROR struct error reason = { 0 };
                int fd = volume_lock(storage, name, &reason);

                if (fd >= 0)
                        return fd;
                if (reason.code == ENOENT && make) {
                        AUTO_VOLUME struct volume volume = VOLUME_NONE;

                        volume.name = str_dup(name);
                        if (volume_create(storage, &volume, err) < 0 && err->code != EEXIST)
                                return -1;
                        error_clear(err);
                        continue;
                }
                if (reason.code != EWOULDBLOCK)
                        return error_set(err, reason.code, "%s", reason.message);
                if (interrupt_check(err) < 0)
                        return -1;
                if (waited % BACKING_ASK == 0)
                        backing_ask_for_time("waiting for", name);
                poll(NULL, 0, BACKING_WAIT);
        }
}

static int backing_show(const struct fetch *fetch, struct backing_item *item, int lock,
                        const char *target, struct error *err)
{
        struct volume *volume = &item->volume;
        const struct strv *layers = NULL;
        int result;

        if (volume_needs_layers(volume)) {
                if (backing_hold_image(fetch, volume->image_id, item, err) < 0)
                        return error_wrap(err, "volume '%s'", volume->name);
                layers = &item->image.layers;
        }
        result = volume_show(fetch->storage, volume, lock, layers, target, &item->view, err);
        backing_let_go(item);
        return result;
}

static int backing_mount_volume(struct backing *backing, const struct fetch *fetch, size_t i,
                                const char *target, struct error *err)
{
        struct backing_item *item = &backing->items[i];
        const char *name = fetch->spec->mounts[i].source;
        AUTO_CLOSE int lock = backing_lock(fetch->storage, name, true, err);

        if (lock < 0 || volume_load(fetch->storage, name, &item->volume, err) < 0)
                return -1;
        /* Before it is: what fails half-way is taken away as well. */
        strv_append(&backing->mounted, target);
        return backing_show(fetch, item, lock, target, err);
}

/* --- parts of both */

/* A directory or file within, found without leaving it whatever links say, mounted by itself. */
static int backing_mount_part(struct backing *backing, struct backing_item *item,
                              const char *subpath, const char *target, struct error *err)
{
        AUTO_CLOSE int top = open(item->view.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSE int part = -1, tree = -1;
        struct stat st;

        if (top >= 0)
                part = io_open_in_root(top, subpath, O_PATH, 0);
        if (part < 0 || fstat(part, &st) < 0)
                return error_errno(err, errno, "cannot mount the part '%s'", subpath);
        if (S_ISDIR(st.st_mode) ? io_make_dirs(AT_FDCWD, target, 0755, err) < 0
                                : io_write_file(AT_FDCWD, target, "", 0, 0600, IO_NO_SYNC, err) < 0)
                return -1;
        tree = open_tree(part, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (tree < 0 || move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_errno(err, errno, "cannot mount the part '%s'", subpath);
        strv_append(&backing->mounted, target);
        str_replace(&item->path, target);
        return 0;
}

static int backing_mount_one(struct backing *backing, const struct fetch *fetch,
                             const struct place *place, size_t i, struct error *err)
{
        const struct spec_mount *mount = backing_mount_of(fetch->spec, i);
        AUTO_FREE char *target = str_format("%s/mounts/%zu", place->run, i);
        AUTO_FREE char *part = str_format("%s/mounts/%zu.part", place->run, i);
        struct backing_item *item = &backing->items[i];
        int result = 0;

        if (mount->type == SPEC_MOUNT_VOLUME)
                result = backing_mount_volume(backing, fetch, i, target, err);
        else if (mount->type == SPEC_MOUNT_IMAGE)
                result = backing_mount_image(backing, fetch, i, place, target, err);
        if (result < 0 || !item->view.path)
                return result;
        item->path = str_dup(item->view.path);
        if (!mount->subpath)
                return 0;
        if (backing_mount_part(backing, item, mount->subpath, part, err) < 0)
                return error_wrap(err, "%s '%s'",
                                  mount->type == SPEC_MOUNT_VOLUME ? "volume" : "image",
                                  mount->source);
        return 0;
}

int backing_mount(struct backing *backing, const struct fetch *fetch, const struct place *place,
                  struct error *err)
{
        for (size_t i = 0; i < backing->count; i++)
                if (backing_mount_one(backing, fetch, place, i, err) < 0)
                        return -1;
        return 0;
}

struct plan_source *backing_sources(const struct backing *backing)
{
        struct plan_source *sources = alloc_zero(backing->count + 1, sizeof *sources);

        for (size_t i = 0; i < backing->count; i++) {
                sources[i].path = backing->items[i].path;
                sources[i].options = &backing->items[i].view.options;
        }
        return sources;
}

/* --- what is in a new one */

static int backing_is_empty(const char *path, struct error *err)
{
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return error_errno(err, errno, "cannot open %s", path);
        while ((entry = readdir(dir)))
                if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
                        return 0;
        return 1;
}

static int backing_remove_name(int dir, const char *name, void *context, struct error *err)
{
        (void)context;
        return io_remove_tree(dir, name, err);
}

static int backing_sync(const char *path, struct error *err)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || syncfs(fd) < 0 ? error_errno(err, errno, "cannot sync %s", path) : 0;
}

struct backing_owner {
        int root; /* borrowed; the root file system */
        uid_t uid;
        gid_t gid;
};

/* The top directory looks as in the image, belongs to whom the definition says, or else, where the
 * image has nothing there, to the container's user. found: the image has it. */
static int backing_set_owner(const struct volume *volume, const char *path, bool found,
                             const struct backing_owner *owner, struct error *err)
{
        bool given = volume->uid >= 0 || volume->gid >= 0;
        uid_t uid = given ? (uid_t)volume->uid : owner->uid;
        gid_t gid = given ? (gid_t)volume->gid : owner->gid;

        if (found && !given)
                return 0;
        if (chown(path, uid, gid) < 0)
                return error_errno(err, errno, "cannot change the owner of %s", path);
        return 0;
}

static int backing_copy(const struct volume *volume, const struct spec_mount *mount,
                        const char *path, int lock, const struct backing_owner *owner,
                        struct error *err)
{
        int found;

        if (volume_set_content(lock, VOLUME_BROKEN, err) < 0)
                return -1;
        backing_ask_for_time("filling", volume->name);
        found = volume_copy(owner->root, mount->target, path, err);
        sd_notify(0, "STATUS=");
        if (found < 0 || backing_set_owner(volume, path, found, owner, err) < 0 ||
            backing_sync(path, err) < 0)
                return -1;
        return volume_set_content(lock, VOLUME_FULL, err);
}

/* Half a content goes, and the mark with it: what is written from now on is somebody's. */
static int backing_empty(const char *path, int lock, struct error *err)
{
        if (io_each_name(AT_FDCWD, path, backing_remove_name, NULL, err) < 0 ||
            backing_sync(path, err) < 0)
                return -1;
        return volume_set_content(lock, VOLUME_NEW, err);
}

/* A volume that is new gets its content or at least its owner; without the copy it stays new, for
 * another container may bring one. */
static int backing_fill_locked(const struct backing_item *item, const struct spec_mount *mount,
                               int lock, const struct backing_owner *owner, struct error *err)
{
        const char *path = item->view.path;
        enum volume_content content = volume_content(lock);
        int found;

        if (content == VOLUME_FULL)
                return 0;
        if (content == VOLUME_BROKEN && backing_empty(path, lock, err) < 0)
                return -1;
        found = backing_is_empty(path, err);
        if (found < 0)
                return -1;
        if (!found)
                return volume_set_content(lock, VOLUME_FULL, err);
        if (!mount->no_copy && !item->volume.no_copy)
                return backing_copy(&item->volume, mount, path, lock, owner, err);
        found = volume_copy_attributes(owner->root, mount->target, path, err);
        return found < 0 ? -1 : backing_set_owner(&item->volume, path, found, owner, err);
}

/* A part is not ours to fill, nor what is only to be read. */
static bool backing_may_fill(const struct backing_item *item, const struct spec_mount *mount)
{
        return !mount->subpath && !strv_contains(&item->view.options, "ro");
}

static int backing_fill_one(const struct backing_item *item, const struct fetch *fetch, size_t i,
                            const struct backing_owner *owner, struct error *err)
{
        const struct spec_mount *mount = backing_mount_of(fetch->spec, i);
        AUTO_FREE char *directory = NULL;
        AUTO_CLOSE int lock = -1, look = -1;

        if (mount->type != SPEC_MOUNT_VOLUME || item->volume.driver != VOLUME_LOCAL)
                return 0;
        directory = volume_directory(fetch->storage, mount->source);
        look = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (look >= 0 && volume_content(look) == VOLUME_FULL)
                return 0;
        if (!backing_may_fill(item, mount))
                return look >= 0 && volume_content(look) == VOLUME_BROKEN
                               ? volume_refuse_half(mount->source, err)
                               : 0;
        lock = backing_lock(fetch->storage, mount->source, false, err);
        if (lock < 0 || backing_fill_locked(item, mount, lock, owner, err) < 0)
                return error_wrap(err, "volume '%s'", mount->source);
        return 0;
}

int backing_fill(const struct backing *backing, const struct fetch *fetch, int root, uid_t uid,
                 gid_t gid, struct error *err)
{
        const struct backing_owner owner = { root, uid, gid };

        for (size_t i = 0; i < backing->count; i++)
                if (backing_fill_one(&backing->items[i], fetch, i, &owner, err) < 0)
                        return -1;
        return 0;
}

/* --- the end of it */

void backing_detach(struct backing *backing)
{
        for (size_t i = backing->mounted.count; i-- > 0;)
                umount2(backing->mounted.items[i], UMOUNT_NOFOLLOW | MNT_DETACH);
        strv_free(&backing->mounted);
}

void backing_free(struct backing *backing)
{
        for (size_t i = 0; i < backing->count; i++) {
                struct backing_item *item = &backing->items[i];

                store_close(&item->store);
                image_free(&item->image);
                volume_free(&item->volume);
                volume_view_free(&item->view);
                free(item->path);
        }
        free(backing->items);
        strv_free(&backing->mounted);
        *backing = (struct backing){ 0 };
}
