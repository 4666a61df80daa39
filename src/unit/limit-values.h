/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of Podman's limits and of the files of a cgroup as systemd's keys have them. Each function
 * turns an option's value into the unit key's, owned by the caller; NULL where there is nothing to
 * say, and -1 where the value makes no sense.
 */
#pragma once

#include "../base/error.h"

#include <stdint.h>

typedef int limit_function(const char *text, char **ret, struct error *err);

limit_function limit_convert_size;      /* bytes; 0 is none */
limit_function limit_convert_swap;      /* memory and swap together, as a number; -1 is infinity */
limit_function limit_convert_tasks;     /* processes; 0 and -1 are infinity */
limit_function limit_convert_cpus;      /* processors, as a percentage */
limit_function limit_convert_shares;    /* cgroup v1's shares, as a weight */
limit_function limit_convert_cpu_list;  /* "0-2,5" */
limit_function limit_convert_bytes;     /* memory.max and its like */
limit_function limit_convert_weight;    /* 1 to 10000 */
limit_function limit_convert_io_weight; /* "[default ]WEIGHT" */
limit_function limit_convert_pids;      /* pids.max */

/* NUMBER[bkmgtp][b], of 1024. */
int limit_parse_size(const char *text, uint64_t *ret, struct error *err);
/* The shortest form systemd reads; owned by the caller. */
char *limit_format_size(uint64_t size);
