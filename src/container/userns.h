/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which user namespace a container gets: what --userns, --uidmap, --gidmap, --subuidname and
 * --subgidname ask for, and the mapping that comes of it. Values; making it is done elsewhere
 * (namespace.h), and so is finding ids that nobody has (idlease.h).
 *
 *   auto[:size=N,uidmapping=RANGE,gidmapping=RANGE]   ids of its own, from those that are set
 *       aside for the name "containers"; a range that is asked for comes on top
 *   keep-id[:uid=ID,gid=ID]   a namespace in which every id is what it is outside; the program runs
 *       as that user (root), unless --user says otherwise
 *   host, or nothing          none of its own
 *   container:NAME, ns:PATH   one that is there
 */
#pragma once

#include "../base/error.h"
#include "idmap.h"
#include "subid.h"

struct container_spec;

/* Whose ids are given to containers with --userns auto. */
#define USERNS_POOL "containers"

enum userns_mode {
        USERNS_HOST,
        USERNS_MAPPED, /* uids and gids are the mapping */
        USERNS_AUTO,
        USERNS_CONTAINER,
        USERNS_PATH
};

struct userns_request {
        enum userns_mode mode;
        char *target;            /* owned; the container's name, or the path */
        char *subuids, *subgids; /* owned; USERNS_MAPPED: names in place of a mapping, or NULL */
        struct idmap uids, gids; /* USERNS_AUTO: what comes on top */
        uint32_t size;           /* USERNS_AUTO: ids from 0 on; 0: as many as the image has */
        char *user;              /* owned; who the program runs as, UID:GID, or NULL */
};

void userns_request_free(struct userns_request *request);
#define AUTO_USERNS_REQUEST CLEANUP(userns_request_free)

int userns_parse(const struct container_spec *spec, struct userns_request *ret, struct error *err);

/* The mapping of USERNS_MAPPED, complete. */
int userns_map(const struct userns_request *request, const struct subid_files *files,
               struct idmap *ret_uids, struct idmap *ret_gids, struct error *err);

/* The mapping of USERNS_AUTO: `size` ids from uid and gid on outside. */
int userns_map_auto(const struct userns_request *request, uint32_t size, uint32_t uid, uint32_t gid,
                    struct idmap *ret_uids, struct idmap *ret_gids, struct error *err);
/* How many ids the automatic part needs outside: those that are asked for on top it has not. */
uint32_t userns_count_auto(const struct idmap *on_top, uint32_t size);

/* How many ids to give to a container whose image knows ids up to that one. */
uint32_t userns_size(uint32_t highest);
