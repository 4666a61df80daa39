/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vantage.h"

#include "../base/io.h"
#include "../image/image.h"
#include "kept-mounts.h"
#include "kept.h"
#include "layer-key.h"
#include "namespace.h"
#include "place.h"
#include "rootfs.h"
#include "writable.h"

#include <sys/mount.h>

void vantage_close(struct vantage *vantage)
{
        state_free(&vantage->state);
        free(vantage->run);
        cleanup_close(&vantage->root);
        *vantage = (struct vantage)VANTAGE_NONE;
}

enum {
        VANTAGE_MAP_MAX = 64 * 1024
};

/* --- which container */

/* One that has ended and is kept. */
static int vantage_find_kept(const char *name, const char *storage, struct vantage *vantage,
                             struct error *err)
{
        AUTO_KEPT struct kept kept = { 0 };

        if (kept_find(name, storage, NULL, &kept, err) < 0)
                return err->code == ENOENT ? error_set(err, ENOENT,
                                                       "there is no container '%s' (what one with "
                                                       "--rm wrote is gone with its end)",
                                                       name)
                                           : -1;
        vantage->state = kept.state;
        kept.state = (struct container_state){ 0 };
        vantage->run = steal_str(&kept.data);
        return 0;
}

static int vantage_find(const char *name, const char *storage, struct vantage *vantage,
                        struct error *err)
{
        if (state_find(name, &vantage->state, &vantage->run, err) == 0) {
                vantage->running = vantage->state.init.pid && state_alive(&vantage->state);
                if (vantage->running || !vantage->state.keep)
                        return 0;
                state_free(&vantage->state);
                free(steal_str(&vantage->run));
        } else if (err->code != ENOENT) {
                return -1;
        }
        if (err)
                error_clear(err);
        return vantage_find_kept(name, storage, vantage, err);
}

/* --- its layers */

static int vantage_find_image(const struct container_state *state,
                              const struct vantage_stores *stores, struct store *ret_store,
                              struct image *ret_image, struct error *err)
{
        AUTO_STRV struct strv roots = { 0 };

        strv_append(&roots, stores->storage);
        if (stores->additional)
                strv_append_all(&roots, stores->additional);
        for (size_t i = 0; i < roots.count; i++) {
                AUTO_STORE struct store store = STORE_NONE;

                if (err)
                        error_clear(err);
                if (store_open(roots.items[i], STORE_READ, &store, err) < 0 ||
                    image_open(&store, state->image, ret_image, err) < 0)
                        continue;
                *ret_store = store;
                store = (struct store)STORE_NONE;
                return 0;
        }
        return error_wrap(err, "the image of container '%s'", state->name);
}

/* Nobody else sees what is mounted from here on, and it goes with this process. */
static int vantage_enter_namespace(char **ret_scratch, struct error *err)
{
        static const struct strv nothing_shared;
        AUTO_FREE char *scratch = str_format("%s/containers", place_runtime());

        if (rootfs_unshare(&nothing_shared, err) < 0 ||
            io_make_dirs(AT_FDCWD, scratch, 0755, err) < 0)
                return -1;
        if (mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
                return error_errno(err, errno, "cannot mount at %s", scratch);
        *ret_scratch = steal_str(&scratch);
        return 0;
}

/* Mount the layers, with what is written on top (a data directory's descriptor), or without: -1;
 * with the ids of a user namespace, or as they are: -1. */
static int vantage_mount(const struct container_state *state, const struct vantage_stores *stores,
                         const char *scratch, int writable, int users, int *ret_root,
                         struct error *err)
{
        CLEANUP(rootfs_free) struct rootfs rootfs = { .writable = writable };
        AUTO_STORE struct store store = STORE_NONE;
        AUTO_IMAGE struct image image = { 0 };
        AUTO_FREE char *path = str_format("%s/rootfs", scratch);

        if (state->rootfs) {
                char *real = realpath(state->rootfs, NULL);

                if (!real)
                        return error_errno(err, errno, "cannot use %s as the root", state->rootfs);
                strv_append_owned(&rootfs.layers, real);
                rootfs.bind = writable < 0;
        } else {
                if (vantage_find_image(state, stores, &store, &image, err) < 0)
                        return -1;
                strv_append_all(&rootfs.layers, &image.layers);
                rootfs.map = users >= 0;
                rootfs.users = users;
        }
        if (rootfs_check(&rootfs, err) < 0 || rootfs_mount_layers(&rootfs, scratch, err) < 0 ||
            rootfs_mount(&rootfs, scratch, err) < 0)
                return -1;
        *ret_root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return *ret_root < 0 ? error_errno(err, errno, "cannot open %s", path) : 0;
}

/* Who its user is outside, and a namespace with its mapping, where it had one. */
static int vantage_map(struct vantage *vantage, const char *key, struct namespaces *ret,
                       struct error *err)
{
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };

        if (layer_key_read(key, &uids, &gids, err) < 0)
                return -1;
        if (!uids.count)
                return 0;
        if (!idmap_to_outside(&uids, vantage->state.uid, &vantage->uid) ||
            !idmap_to_outside(&gids, vantage->state.gid, &vantage->gid))
                return error_set(err, EINVAL, "the user of container '%s' is not mapped",
                                 vantage->state.name);
        return namespace_make(&uids, &gids, false, ret, err);
}

static int vantage_mount_kept(struct vantage *vantage, const struct vantage_stores *stores,
                              struct error *err)
{
        AUTO_WRITABLE struct writable writable = { -1, false };
        AUTO_NAMESPACES struct namespaces users = NAMESPACES_NONE;
        AUTO_FREE char *scratch = NULL, *key = NULL;

        if (!vantage->state.writable || access(vantage->state.writable, F_OK) < 0)
                return error_set(err, ENOENT, "nothing of container '%s' is kept",
                                 vantage->state.name);
        if (vantage_enter_namespace(&scratch, err) < 0 ||
            writable_hold(vantage->state.writable, &writable, &key, err) < 0 ||
            vantage_map(vantage, key, &users, err) < 0 ||
            vantage_mount(&vantage->state, stores, scratch, writable.fd, users.user, &vantage->root,
                          err) < 0 ||
            kept_mount_volumes(vantage->run, vantage->root, err) < 0)
                return -1;
        /* The lock stays as long as this process: nobody starts it meanwhile. */
        writable.fd = -1;
        return 0;
}

/* --- all together */

/* The host's number for one of the container's user namespace; the same where it has none. */
static uint32_t vantage_outer_id(pid_t init, const char *map, uint32_t id)
{
        AUTO_FREE char *path = str_format("/proc/%d/%s", (int)init, map);
        AUTO_FREE char *text = NULL;
        AUTO_STRV struct strv lines = { 0 };

        if (io_read_file(AT_FDCWD, path, VANTAGE_MAP_MAX, &text, NULL, NULL) < 0)
                return id;
        strv_split(&lines, text, "\n", false);
        for (size_t i = 0; i < lines.count; i++) {
                uint32_t inside, outside, count;

                if (sscanf(lines.items[i], "%u %u %u", &inside, &outside, &count) == 3 &&
                    id >= inside && id - inside < count)
                        return id - inside + outside;
        }
        return id;
}

static int vantage_open_running(struct vantage *vantage, struct error *err)
{
        AUTO_FREE char *path = str_format("/proc/%d/root", (int)vantage->state.init.pid);

        vantage->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (vantage->root < 0)
                return error_errno(err, errno, "cannot open the root of container '%s'",
                                   vantage->state.name);
        vantage->uid = vantage_outer_id(vantage->state.init.pid, "uid_map", vantage->state.uid);
        vantage->gid = vantage_outer_id(vantage->state.init.pid, "gid_map", vantage->state.gid);
        /* It might have ended, and its number be another's. */
        if (!process_alive(&vantage->state.init))
                return error_set(err, ESRCH, "container '%s' has ended meanwhile",
                                 vantage->state.name);
        return 0;
}

int vantage_open(const char *name, const struct vantage_stores *stores, struct vantage *ret,
                 struct error *err)
{
        AUTO_VANTAGE struct vantage vantage = VANTAGE_NONE;

        if (vantage_find(name, stores->storage, &vantage, err) < 0)
                return -1;
        vantage.uid = vantage.state.uid;
        vantage.gid = vantage.state.gid;
        if (vantage.running ? vantage_open_running(&vantage, err) < 0
                            : vantage_mount_kept(&vantage, stores, err) < 0)
                return -1;
        *ret = vantage;
        vantage = (struct vantage)VANTAGE_NONE;
        return 0;
}

int vantage_open_layers(const char *name, const struct vantage_stores *stores, int *ret_upper,
                        int *ret_lower, struct error *err)
{
        AUTO_VANTAGE struct vantage vantage = VANTAGE_NONE;
        AUTO_FREE char *scratch = NULL, *path = NULL;
        AUTO_CLOSE int upper = -1;

        if (vantage_find(name, stores->storage, &vantage, err) < 0)
                return -1;
        if (!vantage.state.writable)
                return error_set(err, EINVAL,
                                 "container '%s' has no writable layer: it writes to %s itself",
                                 name, vantage.state.rootfs ? vantage.state.rootfs : "its root");
        path = str_format("%s/upper", vantage.state.writable);
        upper = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (upper < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (vantage_enter_namespace(&scratch, err) < 0 ||
            vantage_mount(&vantage.state, stores, scratch, -1, -1, ret_lower, err) < 0)
                return -1;
        *ret_upper = steal_fd(&upper);
        return 0;
}
