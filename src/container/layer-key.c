/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layer-key.h"

#include <errno.h>
#include <stdlib.h>

static const char key_users[] = "\nusers\n", key_groups[] = "groups\n";

char *layer_key(const char *image, const struct idmap *uids, const struct idmap *gids)
{
        AUTO_FREE char *users = uids ? idmap_text(uids) : NULL;
        AUTO_FREE char *groups = gids ? idmap_text(gids) : NULL;

        if (!image)
                image = "";
        return users && groups ? str_concat(image, key_users, users, key_groups, groups)
                               : str_dup(image);
}

int layer_key_read(const char *key, struct idmap *ret_uids, struct idmap *ret_gids,
                   struct error *err)
{
        const char *users = strstr(key, key_users), *groups = NULL;
        AUTO_FREE char *text = NULL;
        AUTO_IDMAP struct idmap uids = { 0 };

        if (!users)
                return 0;
        users += strlen(key_users);
        groups = strstr(users, key_groups);
        if (!groups)
                return error_set(err, EBADMSG, "a mapping of users without one of groups");
        text = str_dupn(users, (size_t)(groups - users));
        if (idmap_from_text(text, &uids, err) < 0 ||
            idmap_from_text(groups + strlen(key_groups), ret_gids, err) < 0)
                return -1;
        *ret_uids = uids;
        uids = (struct idmap){ 0 };
        return 0;
}
