/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Being told to stop while a container is started. The signals that ask for it stay blocked from
 * interrupt_block() on, so that nothing ends half-done; long work asks interrupt_check() now and
 * then, waits poll interrupt_fd().
 */
#pragma once

#include "../base/error.h"

#include <signal.h>
#include <stdbool.h>

/* Block the signals that ask us to end, and SIGPIPE; ret_old is what children start with. */
void interrupt_block(sigset_t *ret_old);

/* -1 and an error with code EINTR if one of them came. */
int interrupt_check(struct error *err);

/* The signal that came, taken off the queue; 0 if none. */
int interrupt_take(void);

/* A signalfd for them; the caller closes it. */
int interrupt_fd(struct error *err);
