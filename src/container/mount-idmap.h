/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The option `idmap` of a mount: its files' owners go through a mapping. Without a value that is
 * the one of the container's user namespace: who is 0 in the file system is the container's root.
 * Else it is `uids=RANGE[#RANGE…];gids=RANGE[#RANGE…]`, a RANGE being [@]STORED-SEEN-COUNT: owners
 * as they are stored, as the host sees them then, and how many; with an @ the second number is an
 * id of the container's.
 */
#pragma once

#include "../base/error.h"
#include "idmap.h"

/* text: the value, or "". */
int mount_idmap_check(const char *text, struct error *err);

/* The whole option as the runtime takes it, without relative ranges; uids and gids are the
 * container's mapping, or NULL where it has none. Owned by the caller. */
int mount_idmap_resolve(const char *text, const struct idmap *uids, const struct idmap *gids,
                        char **ret, struct error *err);

/* The other way round: the mapping from owners as the host sees them to those that are stored. */
int mount_idmap_stored(const char *text, const struct idmap *uids, const struct idmap *gids,
                       struct idmap *ret_uids, struct idmap *ret_gids, struct error *err);
