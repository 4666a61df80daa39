/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a writer does to the store (store.h), while it has the exclusive lock. Every change is one
 * rename of index.json, on disk when the function returns; blobs and layers that nothing leads to
 * any more are removed after it.
 */
#pragma once

#include "store.h"

/* Make the store's directories and files, open tmp/ and the lock (called by store_open). */
int store_prepare(struct store *store, struct error *err);

/*
 * Let name mean this manifest, whose blobs and layers are in the store, on disk. NULL: the image
 * has no name, unless it has one already. The image that had the name stays, under its other names
 * or without. In memory until store_save().
 */
int store_tag(struct store *store, const char *name, const struct descriptor *manifest,
              struct error *err);

/* Remove the name from index.json. The image's last name takes the descriptor along. */
int store_untag(struct store *store, const char *name, struct error *err);

/* Remove all descriptors of this manifest. */
int store_forget(struct store *store, const char *digest, struct error *err);

/* Write index.json, synced. */
int store_save(struct store *store, struct error *err);

/*
 * Take away the blobs and layers that no descriptor of index.json leads to, no container uses and
 * no process is about to name (work_keep()). They are moved to tmp/, which takes no time, and
 * removed by store_empty_trash() or store_close(), when the store is no longer locked. Nothing is
 * taken away where one of the documents cannot be read: then nobody knows what leads where.
 */
int store_collect(struct store *store, struct error *err);
void store_empty_trash(struct store *store);

/* The ids of the images that containers use, from the state files under $CRUNIT_RUN or
 * /run/crunit, and volumes of the store with this directory; kept: and the containers that have
 * ended and were not removed. As keys, "container NAME" or "volume NAME" the value. */
int store_used_ids(const char *root, bool kept, struct json_object **ret, struct error *err);
