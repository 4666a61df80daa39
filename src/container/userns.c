/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "userns.h"

#include "spec.h"

#include <errno.h>
#include <stdlib.h>

enum {
        USERNS_SIZE_MIN = 1024,
        USERNS_SIZE_MAX = 65536,
};

void userns_request_free(struct userns_request *request)
{
        free(request->target);
        free(request->subuids);
        free(request->subgids);
        free(request->user);
        idmap_free(&request->uids);
        idmap_free(&request->gids);
        *request = (struct userns_request){ 0 };
}

/* --- --userns */

/* Options of a mode: NAME=VALUE, separated by commas. Take one. */
typedef int userns_take_function(struct userns_request *request, const char *name,
                                 const char *value, struct error *err);

static int userns_take_auto(struct userns_request *request, const char *name, const char *value,
                            struct error *err)
{
        struct idmap_range range;

        if (str_equal(name, "size")) {
                if (!idmap_parse_id(value, &request->size) || !request->size)
                        return error_set(err, EINVAL, "size=%s: not a number of ids", value);
                return 0;
        }
        if (!str_equal(name, "uidmapping") && !str_equal(name, "gidmapping"))
                return error_set(err, EINVAL,
                                 "unknown option '%s' (known: size, uidmapping and gidmapping)",
                                 name);
        if (idmap_parse_range(value, &range, err) < 0)
                return error_wrap(err, "%s=%s", name, value);
        idmap_add(name[0] == 'u' ? &request->uids : &request->gids, &range);
        return 0;
}

/* The user in there, as a pair of numbers. */
static int userns_take_keep_id(struct userns_request *request, const char *name, const char *value,
                               struct error *err)
{
        const char *colon = strchr(request->user, ':');
        AUTO_FREE char *uid = str_dupn(request->user, (size_t)(colon - request->user));
        AUTO_FREE char *gid = str_dup(colon + 1);
        uint32_t id;

        if (str_equal(name, "size"))
                return error_set(err, EOPNOTSUPP,
                                 "size= has no meaning for containers of root, which keep all ids");
        if (!str_equal(name, "uid") && !str_equal(name, "gid"))
                return error_set(err, EINVAL, "unknown option '%s' (known: uid and gid)", name);
        if (!idmap_parse_id(value, &id))
                return error_set(err, EINVAL, "%s=%s: not an id", name, value);
        str_replace(name[0] == 'u' ? &uid : &gid, value);
        free(request->user);
        request->user = str_format("%s:%s", uid, gid);
        return 0;
}

static int userns_take_options(struct userns_request *request, const char *text,
                               userns_take_function *take, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };

        strv_split(&words, text, ",", true);
        for (size_t i = 0; i < words.count; i++) {
                AUTO_FREE char *name = str_dupn(words.items[i], strcspn(words.items[i], "="));
                const char *value = strchr(words.items[i], '=');

                if (!value)
                        return error_set(err, EINVAL, "'%s' is not NAME=VALUE", words.items[i]);
                if (take(request, name, value + 1, err) < 0)
                        return -1;
        }
        return 0;
}

/* What stands behind a mode and its colon, or "" where the text is the mode alone; NULL: it is
 * another mode. */
static const char *userns_after(const char *text, const char *mode)
{
        const char *rest = str_after(text, mode);

        if (rest && *rest == ':')
                return rest + 1;
        return rest && !*rest ? rest : NULL;
}

static int userns_parse_keep_id(const char *options, struct userns_request *request,
                                struct error *err)
{
        static const struct idmap_range all = { 0, 0, IDMAP_LAST + 1 };

        request->mode = USERNS_MAPPED;
        request->user = str_dup("0:0");
        idmap_add(&request->uids, &all);
        idmap_add(&request->gids, &all);
        return *options ? userns_take_options(request, options, userns_take_keep_id, err) : 0;
}

static int userns_parse_target(const char *target, enum userns_mode mode,
                               struct userns_request *request, struct error *err)
{
        if (!*target)
                return error_set(err, EINVAL, "no %s is named",
                                 mode == USERNS_CONTAINER ? "container" : "path");
        if (mode == USERNS_PATH && target[0] != '/')
                return error_set(err, EINVAL, "'%s' is not an absolute path", target);
        request->mode = mode;
        request->target = str_dup(target);
        return 0;
}

static int userns_parse_mode(const char *text, struct userns_request *request, struct error *err)
{
        const char *rest;

        if (str_empty(text) || str_equal(text, "host"))
                return 0;
        if ((rest = userns_after(text, "auto"))) {
                request->mode = USERNS_AUTO;
                return *rest ? userns_take_options(request, rest, userns_take_auto, err) : 0;
        }
        if ((rest = userns_after(text, "keep-id")))
                return userns_parse_keep_id(rest, request, err);
        if ((rest = userns_after(text, "container")))
                return userns_parse_target(rest, USERNS_CONTAINER, request, err);
        if ((rest = userns_after(text, "ns")))
                return userns_parse_target(rest, USERNS_PATH, request, err);
        if (userns_after(text, "nomap"))
                return error_set(err, EINVAL,
                                 "it leaves out the user who starts the container, and root "
                                 "cannot be left out: use auto");
        if (str_equal(text, "private"))
                return error_set(err, EINVAL, "say which ids: use auto, or --uidmap and --gidmap");
        return error_set(err, EINVAL,
                         "unknown mode (known: auto, keep-id, host, container:NAME and ns:PATH)");
}

/* --- --uidmap and --gidmap */

/* Words of one of the two options, for users or for groups. What is meant for the others alone is
 * passed over. */
static int userns_add_words(const struct strv *words, const char *option, bool users,
                            struct idmap *map, struct error *err)
{
        for (size_t i = 0; i < words->count; i++) {
                struct idmap_word word;

                if (idmap_parse_word(words->items[i], &word, err) < 0)
                        return error_wrap(err, "--%s %s", option, words->items[i]);
                if (users ? word.groups : word.users)
                        continue;
                if (word.extend)
                        idmap_extend(map, &word.range);
                else
                        idmap_add(map, &word.range);
        }
        return 0;
}

static int userns_parse_words(const struct container_spec *spec, struct userns_request *request,
                              struct error *err)
{
        bool users = spec->uidmaps.count, groups = spec->gidmaps.count;

        request->mode = USERNS_MAPPED;
        /* Where one of the two is said, both are meant. */
        if (userns_add_words(users ? &spec->uidmaps : &spec->gidmaps, users ? "uidmap" : "gidmap",
                             true, &request->uids, err) < 0)
                return -1;
        return userns_add_words(groups ? &spec->gidmaps : &spec->uidmaps,
                                groups ? "gidmap" : "uidmap", false, &request->gids, err);
}

static void userns_take_names(const struct container_spec *spec, struct userns_request *request)
{
        request->mode = USERNS_MAPPED;
        request->subuids = str_dup(spec->subuidname ? spec->subuidname : spec->subgidname);
        request->subgids = str_dup(spec->subgidname ? spec->subgidname : spec->subuidname);
}

/* --- all of them */

/* The option that is given besides, for a message. */
static const char *userns_map_option(const struct container_spec *spec)
{
        return spec->uidmaps.count ? "uidmap" : "gidmap";
}

static int userns_check_clash(const struct container_spec *spec, struct error *err)
{
        bool maps = spec->uidmaps.count || spec->gidmaps.count;
        const char *name = spec->subuidname ? "subuidname" : "subgidname";
        bool names = spec->subuidname || spec->subgidname;

        if (spec->userns && (maps || names))
                return error_set(err, EINVAL, "--userns and --%s exclude each other",
                                 maps ? userns_map_option(spec) : name);
        if (maps && names)
                return error_set(err, EINVAL, "--%s and --%s exclude each other",
                                 userns_map_option(spec), name);
        if (spec->pod && (maps || names || !str_empty(spec->userns)))
                return error_set(err, EINVAL,
                                 "--%s does not go with --pod %s: the user namespace is the pod's, "
                                 "set it there",
                                 maps ? userns_map_option(spec) : (names ? name : "userns"),
                                 spec->pod);
        return 0;
}

int userns_parse(const struct container_spec *spec, struct userns_request *ret, struct error *err)
{
        AUTO_USERNS_REQUEST struct userns_request request = { 0 };

        if (userns_check_clash(spec, err) < 0)
                return -1;
        if (userns_parse_mode(spec->userns, &request, err) < 0)
                return error_wrap(err, "--userns %s", spec->userns);
        if (spec->uidmaps.count || spec->gidmaps.count) {
                if (userns_parse_words(spec, &request, err) < 0)
                        return -1;
        } else if (spec->subuidname || spec->subgidname) {
                userns_take_names(spec, &request);
        }
        *ret = request;
        request = (struct userns_request){ 0 };
        return 0;
}

/* --- the mapping */

/* Programs begin as root, and so does the runtime in there. */
static int userns_finish(struct idmap *map, const char *what, struct error *err)
{
        uint32_t root;

        if (idmap_finish(map, err) < 0)
                return error_wrap(err, "the mapping of %s", what);
        if (!idmap_to_outside(map, 0, &root))
                return error_set(err, EINVAL,
                                 "the mapping of %s leaves out 0: the container cannot be set up "
                                 "without its root, map it as well",
                                 what);
        return 0;
}

static int userns_finish_both(struct idmap *uids, struct idmap *gids, struct idmap *ret_uids,
                              struct idmap *ret_gids, struct error *err)
{
        if (userns_finish(uids, "users", err) < 0 || userns_finish(gids, "groups", err) < 0)
                return -1;
        *ret_uids = *uids;
        *ret_gids = *gids;
        *uids = *gids = (struct idmap){ 0 };
        return 0;
}

int userns_map(const struct userns_request *request, const struct subid_files *files,
               struct idmap *ret_uids, struct idmap *ret_gids, struct error *err)
{
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };

        if (request->subuids && (subid_read(files->uids, request->subuids, &uids, err) < 0 ||
                                 subid_read(files->gids, request->subgids, &gids, err) < 0))
                return -1;
        idmap_copy(&uids, &request->uids);
        idmap_copy(&gids, &request->gids);
        return userns_finish_both(&uids, &gids, ret_uids, ret_gids, err);
}

/* Ids from 0 up to size, but those that are asked for on top, to ids from first on without a gap.
 */
static void userns_lay_out(const struct idmap *on_top, uint32_t size, uint32_t first,
                           struct idmap *ret)
{
        AUTO_IDMAP struct idmap block = { 0 };

        idmap_add(&block, &(struct idmap_range){ 0, 0, size });
        for (size_t i = 0; i < on_top->count; i++) {
                idmap_extend(&block, &(struct idmap_range){ on_top->ranges[i].inside,
                                                            on_top->ranges[i].inside,
                                                            on_top->ranges[i].count });
                block.count--;
        }
        for (size_t i = 0; i < block.count; i++) {
                block.ranges[i].outside = first;
                first += block.ranges[i].count;
        }
        idmap_copy(ret, &block);
        idmap_copy(ret, on_top);
}

int userns_map_auto(const struct userns_request *request, uint32_t size, uint32_t uid, uint32_t gid,
                    struct idmap *ret_uids, struct idmap *ret_gids, struct error *err)
{
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };

        userns_lay_out(&request->uids, size, uid, &uids);
        userns_lay_out(&request->gids, size, gid, &gids);
        return userns_finish_both(&uids, &gids, ret_uids, ret_gids, err);
}

uint32_t userns_count_auto(const struct idmap *on_top, uint32_t size)
{
        AUTO_IDMAP struct idmap block = { 0 };
        uint32_t total = 0;

        userns_lay_out(on_top, size, 0, &block);
        for (size_t i = 0; i < block.count - on_top->count; i++)
                total += block.ranges[i].count;
        return total;
}

uint32_t userns_size(uint32_t highest)
{
        if (highest < USERNS_SIZE_MIN)
                return USERNS_SIZE_MIN;
        return highest < USERNS_SIZE_MAX ? highest + 1 : USERNS_SIZE_MAX;
}
