/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ids belong to which container that was given some of its own (--userns auto): symbolic
 * links STORE/idmaps/LABEL -> UID:GID:COUNT, a block of that many users and groups from there on,
 * made at once or not at all. A block outlives its container, so that the same one gets the same
 * ids again; who still needs his the caller knows. When no room is left that nobody ever had, the
 * blocks go that have been idle for longest. A flock on the directory orders who looks and who
 * takes.
 */
#pragma once

#include "../base/error.h"
#include "idmap.h"

struct idlease_request {
        const char *storage; /* the store's directory; borrowed, as all here */
        const char *label;   /* NAME@UNIT */
        bool forget;         /* the container never comes again: another one may take its block as
                                soon as it is idle */
        const struct idmap *pool_uids, *pool_gids; /* what may be given away: the ids outside */
        const struct idmap *own_uids, *own_gids; /* ids outside that its own mapping has already */
        uint32_t count;
        bool (*alive)(void *context, const char *label); /* it, or what it wrote, is there */
        void *context;
};

struct idlease {
        uint32_t uid, gid; /* the first ones */
};

/* ENOSPC where nothing is left. */
int idlease_take(const struct idlease_request *request, struct idlease *ret, struct error *err);

/* It has ended for good. */
void idlease_forget(const char *storage, const char *label);

/* It goes on under another label. */
void idlease_rename(const char *storage, const char *label, const char *other);
