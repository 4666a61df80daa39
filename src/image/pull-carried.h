/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fetch what the store lacks of an index beside this machine's image (carried.h): manifests that
 * are damaged there, and blobs that are missing. A damaged blob has to be removed before. What is
 * not fetched for a failure is missing as before; what was, stays.
 */
#pragma once

#include "carried.h"
#include "pull.h"

/* name is the full one of the entry that top is of. Returns how many there were. */
int pull_carried(struct store *store, const char *name, const struct descriptor *top,
                 const struct pull_options *options, struct error *err);
