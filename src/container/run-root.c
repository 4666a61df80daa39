/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root file system of a run, and what is mounted beside it. */
#include "run-parts.h"

#include "mountpoints.h"
#include "shift.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The container's "/" is the upper layer's directory: it looks as the image's. */
static int run_copy_root_mode(struct run *run, struct error *err)
{
        const char *top = run->rootfs.layers.items[run->rootfs.layers.count - 1];
        struct stat st;

        if (stat(top, &st) < 0)
                return error_errno(err, errno, "cannot use %s", top);
        if (fchownat(run->writable.fd, "upper", st.st_uid, st.st_gid, 0) < 0 ||
            fchmodat(run->writable.fd, "upper", st.st_mode & 07777, 0) < 0)
                return error_errno(err, errno, "cannot prepare the writable layer");
        return 0;
}

/* What is mounted there, or works there, gets owner and mode of what the image has, or of its own
 * where that has nothing. */
static bool run_asks_for_mountpoints(const struct run *run)
{
        const struct container_spec *spec = run->spec;
        const struct strv *volumes = &run->image.config.volumes;

        for (size_t i = 0; i < spec->mount_count; i++)
                if (mountpoints_has(spec->mounts[i].target))
                        return true;
        for (size_t i = 0; i < volumes->count; i++)
                if (mountpoints_has(volumes->items[i]))
                        return true;
        return mountpoints_has(spec->workdir ? spec->workdir : run->image.config.workdir);
}

/* Only where all of them are mounted on, since programs ask for those files: an empty one is not
 * the same as none. In a user namespace they would be nobody's; and what is kept is looked at with
 * the image alone below it. */
static void run_add_mountpoints(struct run *run)
{
        const struct container_spec *spec = run->spec;
        char *layer;

        if (spec->no_hosts || spec->no_hostname || strv_contains(&spec->dns, "none") ||
            run->state.keep || ids_mapped(&run->ids) || !run->image.layers.count ||
            run->image.layers.count >= ROOTFS_LAYERS_MAX || run_asks_for_mountpoints(run))
                return;
        layer = mountpoints_layer(run->settings->storage);
        if (layer)
                strv_append_owned(&run->rootfs.layers, layer);
}

static int run_choose_layers(struct run *run, struct error *err)
{
        const struct container_spec *spec = run->spec;
        char *path;

        if (!spec->rootfs) {
                run_add_mountpoints(run);
                strv_append_all(&run->rootfs.layers, &run->image.layers);
                return 0;
        }
        path = realpath(spec->rootfs, NULL);
        if (!path)
                return error_errno(err, errno, "cannot use %s as the root", spec->rootfs);
        strv_append_owned(&run->rootfs.layers, path);
        run->rootfs.bind = !spec->rootfs_overlay;
        return 0;
}

/* Sources of volumes whose mounts the host is to see. */
static void run_list_shared(const struct container_spec *spec, struct strv *ret)
{
        for (size_t i = 0; i < spec->mount_count; i++) {
                const struct spec_mount *mount = &spec->mounts[i];

                if (mount->type == SPEC_MOUNT_BIND && (strv_contains(&mount->options, "shared") ||
                                                       strv_contains(&mount->options, "rshared")))
                        strv_append(ret, mount->source);
        }
}

/* The owners that the kernel could not give to the layers. */
static int run_shift_root(struct run *run, const char *layer, struct error *err)
{
        if (!run->rootfs.shift || !run->writable.fresh)
                return 0;
        if (run->state.keep && writable_unmark(&run->writable, err) < 0)
                return -1;
        if (shift_tree(run->root, &run->ids.uids, &run->ids.gids, err) < 0)
                return -1;
        return run->state.keep ? writable_mark(&run->writable, layer, err) : 0;
}

/* Before any directory for an overlay is opened: it takes only those of its own namespace. */
int run_leave_mounts(struct run *run, struct error *err)
{
        AUTO_STRV struct strv shared = { 0 };

        run_list_shared(run->spec, &shared);
        return rootfs_unshare(&shared, err);
}

int run_mount_root(struct run *run, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/rootfs", run->place.run);
        AUTO_FREE char *layer = ids_layer_key(&run->ids, run->image.id);

        if (run_choose_layers(run, err) < 0 || rootfs_check(&run->rootfs, err) < 0)
                return -1;
        if (writable_open(run->place.data, run->state.keep, layer, &run->writable, err) < 0)
                return -1;
        run->rootfs.fresh = run->writable.fresh && !run->state.keep;
        run->rootfs.writable = run->rootfs.bind ? -1 : run->writable.fd;
        run->rootfs.map = (!run->spec->rootfs || run->spec->rootfs_idmap) && ids_shifted(&run->ids);
        run->rootfs.users = run->ids.namespaces.user;
        if (rootfs_mount_layers(&run->rootfs, run->place.run, err) < 0)
                return -1;
        if (run->writable.fresh && !run->rootfs.bind && run_copy_root_mode(run, err) < 0)
                return -1;
        if (rootfs_mount(&run->rootfs, run->place.run, err) < 0)
                return -1;
        /* Mounted layers are in use for the kernel; the store may change from here on. */
        store_close(&run->store);
        run->store = (struct store)STORE_NONE;
        run->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (run->root < 0)
                return error_errno(err, errno, "cannot open %s", path);
        return run_shift_root(run, layer, err);
}

int run_mount_others(struct run *run, struct error *err)
{
        const struct fetch fetch = run_fetch(run);
        const struct backing_user user = { &fetch, &run->place, &run->ids };

        if (nsjoin_mount(&run->nsjoin, &run->place, err) < 0)
                return -1;
        return backing_mount(&run->backing, &user, err);
}
