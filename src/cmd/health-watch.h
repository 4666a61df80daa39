/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watching a container's health: check, note, act, sleep, for as long as the container runs. One
 * small process does that in a unit of its own (health-unit.h): to have systemd start a service for
 * each check would cost some ten times as much as the check.
 */
#pragma once

#include "../container/health-check.h"

/* One check: ask, note the result, and do what follows from it. 1 healthy (or a good check of the
 * startup), 0 not; ESRCH and EINTR as health_ask(). */
int health_watch_once(struct health_asker *asker, struct error *err);

/* Until the container has ended (0) or a signal came (EINTR). interval in milliseconds. */
int health_watch(struct health_asker *asker, uint64_t interval, struct error *err);
