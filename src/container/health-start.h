/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's health at its start. */
#pragma once

#include "health.h"
#include "spec.h"
#include "state.h"

/* Before the container runs: what is to be asked, into its run directory. Takes the settings, which
 * are empty then. Returns 1 where somebody has to ask, 0 where not. */
int health_prepare(const struct container_spec *spec, struct health_settings *settings,
                   const char *run, struct error *err);

/* It is about to run: systemd is to know who asks. As health_unit_make(). */
int health_announce(const struct container_state *state, const char *run, struct error *err);

/* It runs: have it asked. made: what health_announce() returned. As health_unit_start(). */
int health_start(const struct container_state *state, const char *run, bool made, unsigned patience,
                 struct error *err);
