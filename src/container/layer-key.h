/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a writable layer was made for: the image, and the mapping that its owners' ids are of. On
 * anything else it makes no sense. */
#pragma once

#include "idmap.h"

/* NULL: no image, no mapping. Owned by the caller. */
char *layer_key(const char *image, const struct idmap *uids, const struct idmap *gids);

/* The mapping in a key; empty ones where it has none. */
int layer_key_read(const char *key, struct idmap *ret_uids, struct idmap *ret_gids,
                   struct error *err);
