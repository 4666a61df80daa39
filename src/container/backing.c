/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backing.h"

#include "../base/io.h"
#include "../base/notify.h"
#include "interrupt.h"
#include "rootfs.h"
#include "shift.h"

#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>

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

/* What is seen at the mount is the upper layer's directory: it looks as the image's. */
static int backing_copy_top(const struct rootfs *rootfs, struct error *err)
{
        const char *top = rootfs->layers.items[rootfs->layers.count - 1];
        struct stat st;

        if (stat(top, &st) < 0)
                return error_errno(err, errno, "cannot use %s", top);
        if (fchownat(rootfs->writable, "upper", st.st_uid, st.st_gid, 0) < 0 ||
            fchmodat(rootfs->writable, "upper", st.st_mode & 07777, 0) < 0)
                return error_errno(err, errno, "cannot prepare a writable layer");
        return 0;
}

/* An upper layer is there for changes, or for the owners where the kernel cannot show others:
 * *shift says whether they have to be changed, as far as is known before, and then for sure. */
static int backing_mount_layers(const struct backing_item *item, const struct backing_user *user,
                                size_t i, const char *target, bool *shift, struct error *err)
{
        const struct spec_mount *mount = backing_mount_of(user->fetch->spec, i);
        AUTO_CLOSE int upper = -1;
        CLEANUP(rootfs_free)
        struct rootfs rootfs = { .writable = -1,
                                 .fresh = true,
                                 .shift = *shift,
                                 .map = ids_shifted(user->ids),
                                 .users = user->ids->namespaces.user };

        strv_append_all(&rootfs.layers, &item->image.layers);
        if (rootfs_mount_layers(&rootfs, user->place->run, err) < 0)
                return -1;
        *shift = rootfs.shift;
        if ((*shift || strv_contains(&mount->options, "rw")) &&
            (upper = backing_open_upper(user->place, i, err)) < 0)
                return -1;
        rootfs.writable = upper;
        if (upper >= 0 && backing_copy_top(&rootfs, err) < 0)
                return -1;
        if (rootfs_mount_on(&rootfs, user->place->run, target, err) < 0)
                return -1;
        if (!rootfs.shift || *shift || upper >= 0) {
                *shift = rootfs.shift;
                return 0;
        }
        /* It turned out only now that an overlay does not take such layers. */
        if (umount2(target, UMOUNT_NOFOLLOW | MNT_DETACH) < 0)
                return error_errno(err, errno, "cannot unmount %s", target);
        *shift = true;
        return backing_mount_layers(item, user, i, target, shift, err);
}

static int backing_mount_tree(const struct backing_item *item, const struct backing_user *user,
                              size_t i, const char *target, struct error *err)
{
        AUTO_CLOSE int top = -1;
        bool shift = false;

        if (backing_mount_layers(item, user, i, target, &shift, err) < 0)
                return -1;
        if (!shift)
                return 0;
        top = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (top < 0)
                return error_errno(err, errno, "cannot open %s", target);
        return shift_tree(top, &user->ids->uids, &user->ids->gids, err);
}

static int backing_mount_image(struct backing *backing, const struct backing_user *user, size_t i,
                               const char *target, struct error *err)
{
        const char *name = backing_mount_of(user->fetch->spec, i)->source;
        struct backing_item *item = &backing->items[i];
        AUTO_FREE char *id = str_dup(item->image.id);

        if (io_make_dirs(AT_FDCWD, target, 0755, err) < 0 ||
            backing_hold_image(user->fetch, id, item, err) < 0)
                return -1;
        strv_append(&backing->mounted, target);
        if (backing_mount_tree(item, user, i, target, err) < 0)
                return error_wrap(err, "image %s", name);
        item->view.path = str_dup(target);
        backing_let_go(item);
        return 0;
}

/* --- volumes */

/* systemd would give up on a start that takes so long. */
static void backing_ask_for_time(const char *what, const char *name)
{
        notify_sendf("STATUS=%s volume %s\nEXTEND_TIMEOUT_USEC=%llu", what, name,
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

static int backing_show(const struct backing_user *user, struct backing_item *item, int lock,
                        const char *target, struct error *err)
{
        const struct fetch *fetch = user->fetch;
        struct volume *volume = &item->volume;
        bool layers = volume_needs_layers(volume), mapped = ids_shifted(user->ids);
        const struct volume_image image = { .layers = &item->image.layers,
                                            .uids = mapped ? &user->ids->uids : NULL,
                                            .gids = mapped ? &user->ids->gids : NULL,
                                            .used = true };
        int result;

        if (layers && backing_hold_image(fetch, volume->image_id, item, err) < 0)
                return error_wrap(err, "volume '%s'", volume->name);
        if (layers && mapped && volume_content(lock) != VOLUME_FULL)
                backing_ask_for_time("filling", volume->name);
        result = volume_show(fetch->storage, volume, lock, layers ? &image : NULL, target,
                             &item->view, err);
        backing_let_go(item);
        return result;
}

static int backing_mount_volume(struct backing *backing, const struct backing_user *user, size_t i,
                                const char *target, struct error *err)
{
        const struct fetch *fetch = user->fetch;
        struct backing_item *item = &backing->items[i];
        const char *name = fetch->spec->mounts[i].source;
        AUTO_CLOSE int lock = backing_lock(fetch->storage, name, true, err);

        if (lock < 0 || volume_load(fetch->storage, name, &item->volume, err) < 0)
                return -1;
        /* Before it is: what fails half-way is taken away as well. */
        strv_append(&backing->mounted, target);
        return backing_show(user, item, lock, target, err);
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

static int backing_mount_one(struct backing *backing, const struct backing_user *user, size_t i,
                             struct error *err)
{
        const struct spec_mount *mount = backing_mount_of(user->fetch->spec, i);
        AUTO_FREE char *target = str_format("%s/mounts/%zu", user->place->run, i);
        AUTO_FREE char *part = str_format("%s/mounts/%zu.part", user->place->run, i);
        struct backing_item *item = &backing->items[i];
        int result = 0;

        if (mount->type == SPEC_MOUNT_VOLUME)
                result = backing_mount_volume(backing, user, i, target, err);
        else if (mount->type == SPEC_MOUNT_IMAGE)
                result = backing_mount_image(backing, user, i, target, err);
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

int backing_mount(struct backing *backing, const struct backing_user *user, struct error *err)
{
        for (size_t i = 0; i < backing->count; i++)
                if (backing_mount_one(backing, user, i, err) < 0)
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

/* A part is not ours to fill, nor what is only to be read. */
static bool backing_may_fill(const struct backing_item *item, const struct spec_mount *mount)
{
        return !mount->subpath && !strv_contains(&item->view.options, "ro");
}

static int backing_fill_one(const struct backing_item *item, const struct fetch *fetch, size_t i,
                            const struct volume_fill *fill, struct error *err)
{
        const struct spec_mount *mount = backing_mount_of(fetch->spec, i);
        AUTO_FREE char *directory = NULL;
        AUTO_CLOSE int lock = -1, look = -1;
        int result;

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
        if (lock < 0)
                return error_wrap(err, "volume '%s'", mount->source);
        backing_ask_for_time("filling", mount->source);
        result = volume_fill(fill, &item->volume, mount, item->view.path, lock, err);
        notify_send("STATUS=");
        return result < 0 ? error_wrap(err, "volume '%s'", mount->source) : 0;
}

int backing_fill(const struct backing *backing, const struct fetch *fetch,
                 const struct volume_fill *fill, struct error *err)
{
        for (size_t i = 0; i < backing->count; i++)
                if (backing_fill_one(&backing->items[i], fetch, i, fill, err) < 0)
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
