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
                              struct strbuf *ret, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_IDMAP struct idmap all = { 0 };

        strv_split(&words, text, "#", true);
        for (size_t i = 0; i < words.count; i++) {
                struct idmap_range range = { 0 };
                bool relative = false;

                if (mount_idmap_range(words.items[i], &range, &relative, err) < 0 ||
                    (resolve && relative && mount_idmap_outside(&range, map, err) < 0))
                        return -1;
                strbuf_appendf(ret, "%s%u-%u-%u", i ? "#" : "", range.inside, range.outside,
                               range.count);
                idmap_add(&all, &range);
        }
        return resolve ? idmap_finish(&all, err) : 0;
}

static int mount_idmap_read(const char *text, bool resolve, const struct idmap *uids,
                            const struct idmap *gids, struct strbuf *ret, struct error *err)
{
        AUTO_STRV struct strv parts = { 0 };
        AUTO_STRBUF struct strbuf users = { 0 }, groups = { 0 };

        strv_split(&parts, text, ";", false);
        for (size_t i = 0; i < parts.count; i++) {
                const char *user = str_after(parts.items[i], "uids=");
                const char *group = str_after(parts.items[i], "gids=");
                struct strbuf *buf = user ? &users : &groups;

                if ((!user && !group) || buf->length)
                        return error_set(err, EINVAL, "'%s' is not one of uids=… and gids=…",
                                         parts.items[i]);
                if (mount_idmap_ranges(user ? user : group, resolve, user ? uids : gids, buf, err) <
                    0)
                        return -1;
        }
        if (!users.length || !groups.length)
                return error_set(err, EINVAL, "it needs both uids=… and gids=…");
        strbuf_appendf(ret, "idmap=uids=%s;gids=%s", users.data, groups.data);
        return 0;
}

int mount_idmap_check(const char *text, struct error *err)
{
        AUTO_STRBUF struct strbuf buf = { 0 };

        if (!*text)
                return 0;
        if (mount_idmap_read(text, false, NULL, NULL, &buf, err) < 0)
                return error_wrap(err, "idmap=%s", text);
        return 0;
}

int mount_idmap_resolve(const char *text, const struct idmap *uids, const struct idmap *gids,
                        char **ret, struct error *err)
{
        AUTO_STRBUF struct strbuf buf = { 0 };

        if (!*text && !uids)
                return error_set(err, EINVAL,
                                 "option 'idmap' needs a user namespace (--userns), or a mapping "
                                 "of its own");
        if (!*text)
                strbuf_append(&buf, "idmap");
        else if (mount_idmap_read(text, true, uids, gids, &buf, err) < 0)
                return error_wrap(err, "idmap=%s", text);
        *ret = strbuf_steal(&buf);
        return 0;
}
