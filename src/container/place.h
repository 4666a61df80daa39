/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a container keeps its things. Both directories are called NAME@UNIT: people find a
 * container by what stands before the "@" (which no container's name holds), and no two units ever
 * share one. UNIT is the unit's name without its suffix, empty for a run from a shell.
 *
 *   /run/crunit/containers/NAME@UNIT   state.json, config.json, the root's mount point, crun's own
 *                                      state; of mode 0700, and gone with the boot. In a unit it is
 *                                      the unit's RuntimeDirectory=, which systemd removes.
 *   STORE/containers/NAME@UNIT         upper, work, volumes: what the container writes. Who changes
 *                                      anything in there holds a flock on the directory.
 *
 * $CRUNIT_RUN names another directory than /run/crunit, for tests.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>

struct place {
        char *label;  /* owned; "NAME@UNIT" */
        char *run;    /* owned; absolute */
        char *data;   /* owned; absolute */
        bool systemd; /* run is a RuntimeDirectory=: systemd removes it */
};

void place_free(struct place *place);
#define AUTO_PLACE CLEANUP(place_free)

/* "/run/crunit"; borrowed. */
const char *place_runtime(void);

/* The two directories of the container with this label; both are the caller's. */
char *place_run(const char *label);
char *place_data(const char *storage, const char *label);

/* The places of a container that this process starts; $RUNTIME_DIRECTORY decides. storage is the
 * store's directory. Nothing is made. */
int place_own(const char *name, const char *storage, struct place *ret, struct error *err);

/* Those of the container with this label. */
void place_of(const char *label, const char *storage, struct place *ret);

/* Make the run directory, with mode 0700, empty but for what is in the way of nobody. */
int place_make(const struct place *place, struct error *err);

/* All labels below /run/crunit/containers; with a name, only those of that name. */
int place_list(const char *name_or_null, struct strv *ret_labels, struct error *err);

/* The same below the store. */
int place_list_data(const char *storage, struct strv *ret_labels, struct error *err);

/* Hold names still: while the descriptor is open, no other start claims one. */
int place_lock_names(struct error *err);

/* Remove the run directory (of a RuntimeDirectory= only what is in it). */
int place_remove(const struct place *place, struct error *err);
