/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ids.h"

#include "../base/io.h"
#include "idlease.h"
#include "layer-key.h"
#include "pod.h"
#include "state.h"
#include "user.h"
#include "userns.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        IDS_POD = 65536 /* ids of a pod, whose containers' images nobody has seen yet */
};

void ids_free(struct ids *ids)
{
        idmap_free(&ids->uids);
        idmap_free(&ids->gids);
        namespaces_close(&ids->namespaces);
        free(ids->path);
        free(ids->network_path);
        free(ids->user);
        *ids = (struct ids)IDS_NONE;
}

bool ids_mapped(const struct ids *ids)
{
        return ids->path;
}

bool ids_shifted(const struct ids *ids)
{
        return ids->path && !(idmap_is_identity(&ids->uids) && idmap_is_identity(&ids->gids));
}

uint32_t ids_root_uid(const struct ids *ids)
{
        uint32_t id = 0;

        idmap_to_outside(&ids->uids, 0, &id);
        return id;
}

uint32_t ids_root_gid(const struct ids *ids)
{
        uint32_t id = 0;

        idmap_to_outside(&ids->gids, 0, &id);
        return id;
}

int ids_outside(const struct ids *ids, uint32_t *uid, uint32_t *gid, struct error *err)
{
        uint32_t outer_uid, outer_gid;

        if (!ids_mapped(ids))
                return 0;
        if (!idmap_to_outside(&ids->uids, *uid, &outer_uid) ||
            !idmap_to_outside(&ids->gids, *gid, &outer_gid))
                return error_set(err, EINVAL, "the container's user namespace has no ids %u:%u",
                                 *uid, *gid);
        *uid = outer_uid;
        *gid = outer_gid;
        return 0;
}

char *ids_layer_key(const struct ids *ids, const char *image_or_null)
{
        bool shifted = ids_shifted(ids);

        return layer_key(image_or_null, shifted ? &ids->uids : NULL, shifted ? &ids->gids : NULL);
}

/* --- ids of its own */

/* It runs or starts, or what it wrote waits for it. */
static bool ids_alive(void *context, const char *label)
{
        const char *storage = context;
        AUTO_FREE char *run = place_run(label);
        AUTO_FREE char *kept = str_format("%s/containers/%s/image", storage, label);
        AUTO_STATE struct container_state state = { 0 };

        if (label[0] == '@') {
                AUTO_POD struct pod pod = { 0 };

                return pod_read(label + 1, &pod, NULL) == 0 && pod_alive(&pod);
        }
        return (state_read(run, &state, NULL) == 0 && state_alive(&state)) ||
               access(kept, F_OK) == 0;
}

/* The highest id the image's files of users and groups know, or that is asked for by number. Layers
 * that are not directories, and are not mounted yet, are not looked into. */
static uint32_t ids_highest(const struct container_spec *spec, const struct image *image)
{
        const char *user = spec->user ? spec->user : image->config.user;
        uint32_t highest = user_highest_number(user, &spec->groups);
        bool found = false;

        for (size_t i = image->layers.count; i-- > 0 && !found;) {
                AUTO_CLOSE int fd =
                        open(image->layers.items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                uint32_t id = 0;

                if (fd < 0 && errno == ENOTDIR)
                        return IDMAP_LAST;
                found = fd >= 0 && user_highest_known(fd, &id);
                if (id > highest)
                        highest = id;
        }
        return highest;
}

static int ids_read_pool(struct idmap *uids, struct idmap *gids, struct error *err)
{
        const struct subid_files *files = &subid_system_files;

        if (subid_read(files->uids, USERNS_POOL, uids, err) < 0 ||
            subid_read(files->gids, USERNS_POOL, gids, err) < 0)
                return error_set(err, ENOENT,
                                 "--userns auto takes its ids from those that %s and %s set aside "
                                 "for the name " USERNS_POOL
                                 ", and there are none: add the line " USERNS_POOL
                                 ":2147483648:2147418112 to both",
                                 files->uids, files->gids);
        return 0;
}

static int ids_lease(const struct userns_request *request, const char *label, const char *storage,
                     uint32_t size, struct ids *ids, struct error *err)
{
        AUTO_IDMAP struct idmap pool_uids = { 0 }, pool_gids = { 0 };
        uint32_t uids = userns_count_auto(&request->uids, size);
        uint32_t gids = userns_count_auto(&request->gids, size);
        AUTO_FREE char *root = str_dup(storage);
        struct idlease_request wanted = {
                .storage = storage,
                .label = label,
                .forget = ids->forget,
                .pool_uids = &pool_uids,
                .pool_gids = &pool_gids,
                .own_uids = &request->uids,
                .own_gids = &request->gids,
                .count = uids > gids ? uids : gids,
                .alive = ids_alive,
                .context = root,
        };
        struct idlease lease = { 0 };

        if (ids_read_pool(&pool_uids, &pool_gids, err) < 0)
                return -1;
        if (wanted.count && idlease_take(&wanted, &lease, err) < 0)
                return error_wrap(err, "--userns auto");
        if (userns_map_auto(request, size, lease.uid, lease.gid, &ids->uids, &ids->gids, err) < 0)
                return error_wrap(err, "--userns auto");
        return 0;
}

/* --- another's */

static int ids_open_container(const char *name, int kinds, struct ids *ids, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL, *path = NULL;

        if (state_find_running(name, &state, &run, err) < 0)
                return error_wrap(err, "--userns container:%s", name);
        path = str_format("/proc/%d/ns/user", (int)state.init.pid);
        if (namespace_open(path, kinds, &ids->namespaces, &ids->uids, &ids->gids, err) < 0 ||
            state_check_running(&state, err) < 0)
                return error_wrap(err, "--userns container:%s", name);
        return 0;
}

/* --- all of them */

/* What is made with the namespace: who joins a pod's network has none of its own. */
static int ids_kinds(const struct container_spec *spec)
{
        bool network = spec->network == SPEC_NETWORK_DEFAULT || spec->network == SPEC_NETWORK_OTHER;

        return network && !spec_shares(spec, SPEC_SHARE_NET) ? CLONE_NEWNET : 0;
}

/* size: how many ids --userns auto gives. */
static int ids_act(const struct userns_request *request, const char *label, const char *storage,
                   uint32_t size, int kinds, struct ids *ids, struct error *err)
{
        switch (request->mode) {
        case USERNS_HOST:
                return 0;
        case USERNS_CONTAINER:
                return ids_open_container(request->target, kinds, ids, err);
        case USERNS_PATH:
                if (namespace_open(request->target, kinds, &ids->namespaces, &ids->uids, &ids->gids,
                                   err) < 0)
                        return error_wrap(err, "--userns");
                return 0;
        case USERNS_AUTO:
                if (ids_lease(request, label, storage, size, ids, err) < 0)
                        return -1;
                break;
        case USERNS_MAPPED:
                if (userns_map(request, &subid_system_files, &ids->uids, &ids->gids, err) < 0)
                        return -1;
        }
        return namespace_make(&ids->uids, &ids->gids, kinds, &ids->namespaces, err);
}

/* The runtime goes to the root file system as the container's root. */
static int ids_open_place(const struct ids *ids, const struct place *place, struct error *err)
{
        if (chown(place->run, (uid_t)-1, ids_root_gid(ids)) < 0 || chmod(place->run, 0710) < 0)
                return error_errno(err, errno, "cannot change the mode of %s", place->run);
        return 0;
}

static void ids_name(struct ids *ids, const char *user)
{
        if (ids->namespaces.user < 0)
                return;
        ids->path = namespace_path(ids->namespaces.user);
        if (ids->namespaces.network >= 0)
                ids->network_path = namespace_path(ids->namespaces.network);
        ids->user = str_dup(user);
}

/* That of the container's pod. */
static int ids_join(const struct container_spec *spec, struct ids *ids, struct error *err)
{
        AUTO_FREE char *path = pod_path(spec->pod, "user");

        if (namespace_open(path, ids_kinds(spec), &ids->namespaces, &ids->uids, &ids->gids, err) <
            0)
                return error_wrap(err, "pod '%s'", spec->pod);
        ids_name(ids, spec->pod_user);
        return 0;
}

static int ids_make(const struct container_spec *spec, const struct image *image, const char *label,
                    const char *storage, struct ids *ids, struct error *err)
{
        AUTO_USERNS_REQUEST struct userns_request request = { 0 };
        uint32_t size;

        if (userns_parse(spec, &request, err) < 0)
                return -1;
        size = request.size;
        if (!size && request.mode == USERNS_AUTO)
                size = userns_size(ids_highest(spec, image));
        if (ids_act(&request, label, storage, size, ids_kinds(spec), ids, err) < 0)
                return -1;
        ids_name(ids, request.user);
        return 0;
}

int ids_begin(const struct container_spec *spec, const struct image *image,
              const struct place *place, const char *storage, bool forget, struct ids *ret,
              struct error *err)
{
        ret->forget = forget;
        if (spec_shares(spec, SPEC_SHARE_USER))
                ret->forget = false;
        if ((spec_shares(spec, SPEC_SHARE_USER)
                     ? ids_join(spec, ret, err)
                     : ids_make(spec, image, place->label, storage, ret, err)) < 0)
                return -1;
        return ids_mapped(ret) ? ids_open_place(ret, place, err) : 0;
}

int ids_begin_pod(const struct container_spec *spec, const char *label, const char *storage,
                  bool forget, int kinds, struct ids *ret, struct error *err)
{
        AUTO_USERNS_REQUEST struct userns_request request = { 0 };

        if (userns_parse(spec, &request, err) < 0)
                return -1;
        ret->forget = forget;
        if (ids_act(&request, label, storage, request.size ? request.size : IDS_POD, kinds, ret,
                    err) < 0)
                return -1;
        ids_name(ret, request.user);
        return 0;
}

void ids_end(const struct ids *ids, const struct place *place, const char *storage)
{
        if (ids->forget && ids_mapped(ids))
                idlease_forget(storage, place->label);
}
