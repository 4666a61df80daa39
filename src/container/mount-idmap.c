/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount-idmap.h"

#include <errno.h>

static int mount_idmap_range(const char *text, struct idmap_range *ret, bool *ret_relative,
                             struct error *err)
{
        AUTO_STRV struct strv parts = { 0 };
        struct idmap_range range = { 0 };
        bool relative = text[0] == '@';

        strv_split(&parts, text + relative, "-", true);
        if (parts.count != 3 || !idmap_parse_id(parts.items[0], &range.inside) ||
            !idmap_parse_id(parts.items[1], &range.outside) ||
            !idmap_parse_id(parts.items[2], &range.count) || !range.count ||
            range.count - 1 > IDMAP_LAST - range.inside ||
            range.count - 1 > IDMAP_LAST - range.outside)
                return error_set(err, EINVAL, "'%s' is not of the form [@]STORED-SEEN-COUNT", text);
        *ret = range;
        *ret_relative = relative;
        return 0;
}

/* An id of the container's as the host has it, and those behind it in a row. */
static int mount_idmap_outside(struct idmap_range *range, const struct idmap *map,
                               struct error *err)
{
        uint32_t first, last;

        if (!map)
                return error_set(err, EINVAL,
                                 "a range with an @ needs a user namespace (--userns)");
        if (!idmap_to_outside(map, range->outside, &first) ||
            !idmap_to_outside(map, range->outside + range->count - 1, &last) ||
            last - first != range->count - 1)
                return error_set(
                        err, ERANGE,
                        "the container has not %u ids in a row from %u on: split the range",
                        range->count, range->outside);
        range->outside = first;
        return 0;
}

/* map: with it, relative ranges become absolute; resolve: or are an error. */
static int mount_idmap_ranges(const char *text, bool resolve, const struct idmap *map,
                              struct idmap *ret, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_IDMAP struct idmap checked = { 0 };

        strv_split(&words, text, "#", true);
        for (size_t i = 0; i < words.count; i++) {
                struct idmap_range range = { 0 };
                bool relative = false;

                if (mount_idmap_range(words.items[i], &range, &relative, err) < 0 ||
                    (resolve && relative && mount_idmap_outside(&range, map, err) < 0))
                        return -1;
                idmap_add(ret, &range);
        }
        idmap_copy(&checked, ret);
        return resolve ? idmap_finish(&checked, err) : 0;
}

static int mount_idmap_read(const char *text, bool resolve, const struct idmap *uids,
                            const struct idmap *gids, struct idmap *ret_uids,
                            struct idmap *ret_gids, struct error *err)
{
        AUTO_STRV struct strv parts = { 0 };

        strv_split(&parts, text, ";", false);
        for (size_t i = 0; i < parts.count; i++) {
                const char *user = str_after(parts.items[i], "uids=");
                const char *group = str_after(parts.items[i], "gids=");
                struct idmap *ret = user ? ret_uids : ret_gids;

                if ((!user && !group) || ret->count)
                        return error_set(err, EINVAL, "'%s' is not one of uids=… and gids=…",
                                         parts.items[i]);
                if (mount_idmap_ranges(user ? user : group, resolve, user ? uids : gids, ret, err) <
                    0)
                        return -1;
        }
        if (!ret_uids->count || !ret_gids->count)
                return error_set(err, EINVAL, "it needs both uids=… and gids=…");
        return 0;
}

static void mount_idmap_append(struct strbuf *buf, const struct idmap *map)
{
        for (size_t i = 0; i < map->count; i++)
                strbuf_appendf(buf, "%s%u-%u-%u", i ? "#" : "", map->ranges[i].inside,
                               map->ranges[i].outside, map->ranges[i].count);
}

int mount_idmap_check(const char *text, struct error *err)
{
        AUTO_IDMAP struct idmap users = { 0 }, groups = { 0 };

        if (!*text)
                return 0;
        if (mount_idmap_read(text, false, NULL, NULL, &users, &groups, err) < 0)
                return error_wrap(err, "idmap=%s", text);
        return 0;
}

/* Where nothing is said, the container's own. */
static int mount_idmap_find(const char *text, const struct idmap *uids, const struct idmap *gids,
                            struct idmap *ret_uids, struct idmap *ret_gids, struct error *err)
{
        if (!*text && !uids)
                return error_set(err, EINVAL,
                                 "option 'idmap' needs a user namespace (--userns), or a mapping "
                                 "of its own");
        if (*text) {
                if (mount_idmap_read(text, true, uids, gids, ret_uids, ret_gids, err) < 0)
                        return error_wrap(err, "idmap=%s", text);
                return 0;
        }
        idmap_copy(ret_uids, uids);
        idmap_copy(ret_gids, gids);
        return 0;
}

int mount_idmap_resolve(const char *text, const struct idmap *uids, const struct idmap *gids,
                        char **ret, struct error *err)
{
        AUTO_STRBUF struct strbuf buf = { 0 };
        AUTO_IDMAP struct idmap users = { 0 }, groups = { 0 };

        if (mount_idmap_find(text, uids, gids, &users, &groups, err) < 0)
                return -1;
        strbuf_append(&buf, "idmap");
        if (*text) {
                strbuf_append(&buf, "=uids=");
                mount_idmap_append(&buf, &users);
                strbuf_append(&buf, ";gids=");
                mount_idmap_append(&buf, &groups);
        }
        *ret = strbuf_steal(&buf);
        return 0;
}

int mount_idmap_stored(const char *text, const struct idmap *uids, const struct idmap *gids,
                       struct idmap *ret_uids, struct idmap *ret_gids, struct error *err)
{
        AUTO_IDMAP struct idmap users = { 0 }, groups = { 0 };

        if (mount_idmap_find(text, uids, gids, &users, &groups, err) < 0)
                return -1;
        idmap_invert(&users, ret_uids);
        idmap_invert(&groups, ret_gids);
        return 0;
}
