/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The published ports of all containers, in one small file that is read and replaced as a whole
 * (RUNTIME/network/ports, one line each); the firewall's maps are made from it, and it says who has
 * a port. The caller holds the lock of networks (member.h).
 *
 *   LABEL PROTOCOL ADDRESS PORT COUNT CONTAINER-PORT IPV4 IPV6      "*" and "-" where there is none
 *   = LINES
 *
 * The file comes with the first member of a network and goes with the last one, whether they
 * publish anything or not. So one that is missing has been lost; without its last line, or with a
 * wrong number there, it is damaged: then the lines that lack come from the members' own files,
 * each of which is read. As long as containers run, nothing else says what the firewall has for
 * them.
 */
#pragma once

#include "../base/error.h"
#include "port.h"

#include <stddef.h>

struct published {
        char *label; /* owned */
        struct port port;
        struct address to4, to6; /* of the container; family 0: none */
};

struct published_list {
        struct published *items; /* owned */
        size_t count;
        bool collected; /* from the members, since the file was not there or not whole */
};

void published_free(struct published_list *list);
#define AUTO_PUBLISHED CLEANUP(published_free)

/* runtime: "/run/crunit". */
int published_load(const char *runtime, struct published_list *ret, struct error *err);
int published_save(const char *runtime, const struct published_list *list, struct error *err);
/* There are no members: make the file before the first one, and remove it after the last; what it
 * says of ports that are taken all the same stays. */
int published_begin(const char *runtime, struct error *err);
int published_end(const char *runtime, struct error *err);

/* From and to text, for tests; lines that make no sense are left out. */
void published_parse(const char *text, struct published_list *ret);
char *published_text(const struct published_list *list);

/* One line of it, without its end; owned by the caller. */
char *published_line(const struct published *published);

void published_add(struct published_list *list, const struct published *published); /* copies */
/* Move those of this label to ret_removed. */
void published_remove(struct published_list *list, const char *label,
                      struct published_list *ret_removed);
/* One that another label has and that cannot be beside this port, or NULL. */
const struct published *published_find_conflict(const struct published_list *list,
                                                const struct port *port);
