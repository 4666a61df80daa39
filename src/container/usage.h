/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container uses at this moment, from its control group: the unit's, for a container of a
 * unit. Where the group has no controller for something (a machine without controllers, cgroup v1)
 * the processes in it are asked one by one, and memory is what is resident of each.
 */
#pragma once

#include "../base/error.h"
#include "state.h"

#include <stdint.h>

struct usage {
        uint64_t memory, memory_limit;      /* bytes; the machine's memory where nothing limits */
        uint64_t cpu;                       /* microseconds since the group was made */
        uint64_t age;                       /* milliseconds since the container's init began */
        uint64_t pids, pids_limit;          /* processes and threads; limit 0: none */
        uint64_t block_read, block_written; /* bytes */
        uint64_t net_received, net_sent;    /* bytes, of all interfaces but lo; not with --network
                                               host */
};

/* ESRCH where it does not run. */
int usage_take(const struct container_state *state, struct usage *ret, struct error *err);

/* The lines of a memory.stat, io.stat or /proc/PID/net/dev that are of use, for tests: bytes in
 * and out over all interfaces but lo, and read and written over all devices. */
void usage_parse_net(const char *text, uint64_t *ret_received, uint64_t *ret_sent);
void usage_parse_io(const char *text, uint64_t *ret_read, uint64_t *ret_written);
