/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals by name and number, as people write them: TERM, SIGTERM, sigterm, 15, SIGRTMIN+3,
 * RTMAX-1. Numbers are those of the machine this runs on. */
#pragma once

/* The number, or -1 where it is no signal. */
int signal_parse(const char *text);

/* "SIGTERM", "SIGRTMIN+3"; owned by the caller; "0" … for numbers without a name. */
char *signal_name(int number);
