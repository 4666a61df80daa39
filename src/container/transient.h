/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `crunit run -d` from a shell: the container becomes a transient unit of systemd's,
 * crunit-run-NAME.service, with what the generator writes into a unit for the same options. Then it
 * lives as all others do: systemd watches it, holds its limits, keeps its log, and restarts it.
 */
#pragma once

#include "../base/error.h"
#include "spec.h"

/* "crunit-run-web.service"; owned by the caller. */
char *transient_unit_name(const char *name);
/* Its container's label (place.h): "web@crunit-run-web"; owned by the caller. */
char *transient_label(const char *name);

/*
 * Start it. words is the command line behind "run", NULL-terminated; spec is what it means, and
 * gets a name where it has none. Waits until systemd says that it is up. The container's id is
 * ret_id (owned by the caller): a new one, or the one that is given.
 */
int transient_run(struct container_spec *spec, char *const *words, const char *id_or_null,
                  char **ret_id, struct error *err);

/* In such a unit: where in its command line behind "run" the given one begins. NULL elsewhere. */
char *const *transient_given_words(char *const *words);

/* The unit of that name, of one that `run -d` started: let systemd forget that it failed; with
 * even_running, stop it first, also where it only waits to be started again. 1: there was one, 0:
 * not. */
int transient_forget(const char *name, bool even_running, struct error *err);
