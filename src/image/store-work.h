/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is being made in a store's tmp/, by many processes at once. Each makes a directory of its
 * own there and holds its flock until it is removed; what nobody holds was left by a process that
 * died, and whoever opens the store next removes it. No other lock is held meanwhile, so that one
 * who waits for a slow line is in nobody's way.
 *
 *     KIND.RANDOM/       a directory of one process
 *     KIND.RANDOM/keep   the blobs and layers it uses or is about to name, 64 digits a line: they
 *                        are not collected while it lives, whether index.json leads to them or not
 *     HEX.part           a blob that is being downloaded (part.h); without a lock: one that a later
 *                        pull can go on with, for WORK_PART_AGE, and not more than WORK_PARTS
 *
 * The order that makes this safe: ask for things to be kept and look whether they are there while
 * the store is locked (shared will do); collecting takes the exclusive lock.
 */
#pragma once

#include "store.h"

enum {
        WORK_PART_AGE = 24 * 3600, /* seconds since bytes arrived */
        WORK_PARTS = 64            /* unfinished downloads that nobody holds */
};

#define WORK_PART ".part"

struct work {
        int tmp;    /* borrowed from the store */
        char *name; /* owned; in tmp/ */
        int fd;     /* owned; the directory, with its lock; -1: there is none */
};

/* Make a directory tmp/KIND.RANDOM, for root alone. */
int work_begin(const struct store *store, const char *kind, struct work *ret, struct error *err);
/* Remove it with all that is in it. */
void work_end(struct work *work);

/* Keep these from being collected, until work_end(): digests ("sha256:HEX") of blobs and layers.
 * The store is locked, shared or exclusive. */
int work_keep(struct work *work, const struct strv *digests, struct error *err);

/* What all living processes keep: a set of 64 digits, as keys. The store is locked exclusively. */
int work_list_kept(const struct store *store, struct json_object **ret, struct error *err);

/* Remove the unfinished downloads that nobody holds, which a later pull could go on with. The store
 * is not locked. */
void work_prune(const struct store *store);

/* Remove what nobody holds, as far as that is possible; was there a directory? Then its owner may
 * have moved things to their places without having come to name them. The store is not locked. */
bool work_sweep(const struct store *store);
