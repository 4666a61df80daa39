/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a setting's value may be. */
#pragma once

#include "settings.h"

/*
 * Put a value into settings, at place. again: a line before this one in the same file had the same
 * key; lists are continued then, everything else is replaced. EINVAL with the reason.
 */
typedef int settings_function(struct settings *settings, void *place, const char *value, bool again,
                              struct error *err);

settings_function settings_take_path;       /* char *: absolute */
settings_function settings_take_paths;      /* struct strv: absolute, blanks between them */
settings_function settings_take_bool;       /* bool */
settings_function settings_take_registries; /* struct strv: HOST[:PORT], blanks between them */
settings_function settings_take_parallel;   /* unsigned: 1 to 64 */
settings_function settings_take_retry;      /* unsigned */
settings_function settings_take_seconds;    /* unsigned */
settings_function settings_take_duration;   /* uint64_t milliseconds */
settings_function settings_take_stall;      /* the same, at least a second */
settings_function settings_take_log_driver; /* char * */
settings_function settings_take_subnet;     /* struct settings_pool: ADDRESS/PREFIX */
settings_function settings_take_pools;      /* settings->pools: ADDRESS/PREFIX:SIZE … */
