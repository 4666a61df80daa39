/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The units that check a container's health: web-health.timer and web-health.service for
 * web.service. They are transient, made over the bus when the container runs, since only then it is
 * known what the image asks for; systemd reads drop-ins for them as for any other.
 *
 * The service holds the process that checks (`crunit health watch`) and stays as long as the
 * container; that is what makes a check cheap. The timer has the interval, which a drop-in may
 * change, and starts the service again should it ever end before the container. Both stop with the
 * container's unit, have no start limit, and systemd says nothing of the service's starts. They are
 * there when the container's unit is up.
 */
#pragma once

#include "../base/error.h"
#include "health.h"
#include "state.h"

/* "web-health" for a container of web.service, "web-health@1" of web@1.service,
 * "crunit-NAME-health" where it has no service of its own. Owned. */
char *health_unit_name(const struct container_state *state);

/* Make them before the container runs. The timer starts the service after its interval: should we
 * be killed before we do, the container is not without checks for ever. 0 where there still are
 * those of an earlier run. */
int health_unit_make(const struct container_state *state, const struct health_settings *settings,
                     struct error *err);

/* Start the service; where they are not made, make them, in place of those of an earlier run. Where
 * systemd cannot, it is tried again for `patience` milliseconds, while the container runs and
 * nobody tells us to stop (EINTR). */
int health_unit_start(const struct container_state *state, const struct health_settings *settings,
                      bool made, unsigned patience, struct error *err);

/* Stop them; there may be none. */
int health_unit_stop(const struct container_state *state, struct error *err);

/* The same by their common name. */
int health_unit_stop_named(const char *name, struct error *err);

/* What the timer says now, in milliseconds: the settings' where it says nothing. */
int health_unit_interval(const struct container_state *state,
                         const struct health_settings *settings, uint64_t *ret, struct error *err);
