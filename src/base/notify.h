/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What sd_notify(3) and its relatives do, without their library: it would cost each start of a
 * container its loading. $NOTIFY_SOCKET is a path or, with "@", an abstract name.
 */
#pragma once

#include "attr.h"

#include <stdbool.h>

/* Was this machine booted by systemd? */
bool notify_booted(void);

/* Say something to the service manager. 1 where that was done, 0 where it did not ask to be told,
 * -1 with errno. */
int notify_send(const char *text);
int notify_sendf(const char *format, ...) PRINTF_LIKE(1, 2);

/* Wait until it has read all that was sent, at most so many milliseconds. As above; -1 with
 * ETIMEDOUT where it did not. */
int notify_wait(int timeout);
