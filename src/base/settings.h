/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's settings, /etc/crunit/crunit.conf (crunit.conf(5)): plain INI, read with inih. A
 * missing file means the defaults. A key that is not known, or a value that makes no sense, is an
 * error with file and line: a setting that is silently ignored is worse than none. $CRUNIT_CONF
 * names another file, $CRUNIT_RUNTIME another runtime.
 */
#pragma once

#include "error.h"

#include "attr.h"

struct settings {
        char *storage;         /* owned; [storage] path: where images and writable layers live */
        char *runtime;         /* owned; [container] runtime: path of crun */
        char *seccomp_profile; /* owned; [container] seccomp-profile; NULL: looked for in the usual
                                  places */
        char *log_driver;      /* owned; [container] log-driver */
        unsigned stop_timeout; /* seconds; [container] stop-timeout */
};

int settings_load(struct settings *ret, struct error *err);
void settings_free(struct settings *settings);
#define AUTO_SETTINGS CLEANUP(settings_free)
