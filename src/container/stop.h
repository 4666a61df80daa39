/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending a container: its stop signal to its init alone, SIGKILL after the timeout, then what it
 * wrote is removed. An init that would never see the signal (the kernel drops it for a first
 * process without a handler) gets the first second of its life to install one, and is killed
 * otherwise: waiting out the timeout would change nothing.
 */
#pragma once

#include "../base/error.h"
#include "state.h"

enum {
        STOP_OWN_TIMEOUT = -1 /* the container's own */
};

/* From within the container's unit, or where it has none: stop it and remove what it leaves. Also
 * right for one that has ended by itself. timeout in seconds. */
int stop_container(const struct container_state *state, const char *run, int timeout,
                   struct error *err);

/* From anywhere: a unit's container is stopped by stopping the unit, so that systemd does not take
 * its end for a crash. */
int stop_from_outside(struct container_state *state, const char *run, int timeout,
                      struct error *err);

/* Have the unit's own stop wait so long. */
int stop_plan(struct container_state *state, const char *run, int timeout, struct error *err);

/* Remove the files of a container that has ended; even_kept: its kept writable layer, too. */
int stop_remove(const struct container_state *state, const char *run, bool even_kept,
                struct error *err);

/* What is left to do when a container ends and nobody stops it (the end of its log tells): its
 * writable layer is removed, unless it is kept. One that only closed its output lives on, and
 * nothing is done. */
int stop_cleanup(const char *run, const char *data, struct error *err);

/* Send a signal to the init. ESRCH where it does not run. */
int stop_signal(const struct container_state *state, int signo, struct error *err);

/* Are we a process of this container's unit? */
bool stop_in_unit(const struct container_state *state);
