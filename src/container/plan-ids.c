/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of a container with a user namespace, as the host sees them. */
#include "plan-context.h"

#include "idmap.h"

#include <errno.h>

static int plan_id(const struct idmap *map, uint32_t inside, const char *what, uint32_t *ret,
                   struct error *err)
{
        if (idmap_to_outside(map, inside, ret))
                return 0;
        return error_set(err, ERANGE,
                         "the program's %s %u is not among the ids of the container's user "
                         "namespace: map it as well (with --userns auto: size=%llu)",
                         what, inside, (unsigned long long)inside + 1);
}

int plan_ids(struct plan_context *context, struct error *err)
{
        const struct plan_facts *facts = context->facts;
        const struct user *user = &context->user;
        struct plan *plan = context->plan;
        uint32_t group;

        plan->uid = user->uid;
        plan->gid = user->gid;
        if (!facts->user_namespace)
                return 0;
        if (plan_id(facts->uids, user->uid, "user", &plan->uid, err) < 0 ||
            plan_id(facts->gids, user->gid, "group", &plan->gid, err) < 0 ||
            plan_id(facts->uids, 0, "root", &plan->root_uid, err) < 0 ||
            plan_id(facts->gids, 0, "root group", &plan->root_gid, err) < 0)
                return -1;
        for (size_t i = 0; i < user->group_count; i++)
                if (plan_id(facts->gids, user->groups[i], "group", &group, err) < 0)
                        return -1;
        return 0;
}

static uint32_t plan_inside(const struct idmap *map_or_null, uint32_t outside)
{
        uint32_t inside = outside;

        if (map_or_null && !idmap_to_inside(map_or_null, outside, &inside))
                return 0;
        return inside;
}

uint32_t plan_inside_uid(const struct plan_context *context, uint32_t uid)
{
        return plan_inside(context->facts->uids, uid);
}

uint32_t plan_inside_gid(const struct plan_context *context, uint32_t gid)
{
        return plan_inside(context->facts->gids, gid);
}
