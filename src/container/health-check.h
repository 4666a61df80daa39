/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One check of a container's health, from beside it. The check's processes are in the container's
 * namespaces and in a control group of their own below the container's: its limits hold for them,
 * and they can be killed all together, whoever is their parent by then.
 */
#pragma once

#include "entrance.h"
#include "health.h"

struct health_asker {
        char *run;     /* owned; the container's run directory */
        char *runtime; /* owned; crun, for what the entrance does not know; or NULL */
        struct container_state state;
        struct entrance entrance;
        bool direct;  /* the entrance is used, not the runtime */
        int init;     /* owned; pidfd of the container's init */
        int group;    /* owned; directory of the checks' control group, -1 between checks */
        bool by_hand; /* a process has to enter it itself */
        bool scatter; /* there are control groups beside that tree, to be entered one by one */
        int signals;  /* borrowed; a signalfd that ends a check, or -1 */
};

/* ESRCH where the container does not run (any more). What an earlier asker of it left running is
 * killed. */
int health_asker_open(const char *run, const char *runtime_or_null, int signals,
                      struct health_asker *ret, struct error *err);
void health_asker_close(struct health_asker *asker);
#define AUTO_HEALTH_ASKER CLEANUP(health_asker_close)

/*
 * Ask, with the lock of its health held (health_lock()), and wait for the answer, at most timeout
 * milliseconds. What goes wrong with a check is its result, with exit code 125 or above. ESRCH
 * where the container is gone, EAGAIN where it is paused, EINTR where a signal came.
 */
int health_ask(struct health_asker *asker, const struct strv *test, uint64_t timeout,
               size_t max_output, struct health_result *ret, struct error *err);

/* Run function in a child that counts as a process of the container's unit, but is none of the
 * container. Waits for it. */
int health_among(struct health_asker *asker, void (*function)(const void *context),
                 const void *context, struct error *err);
