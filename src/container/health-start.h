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

/* It runs: have it asked. As health_unit_start(). */
int health_start(const struct container_state *state, const char *run, unsigned patience,
                 struct error *err);
