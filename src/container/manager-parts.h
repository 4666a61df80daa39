/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of manager.h share. */
#pragma once

#include "manager.h"

#include <systemd/sd-bus.h>

#define MANAGER_NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_TYPE "org.freedesktop.systemd1.Manager"

struct manager {
        sd_bus *bus;          /* owned */
        sd_bus_slot *removed; /* owned; the match of JobRemoved */
        char *job;            /* owned; path of the one that is waited for, or NULL */
        char *result;         /* owned; of it, once it is known */
};

/* Wait for the job that this answer names. 1: it is done, 0: it failed. */
int manager_wait_for_answer(struct manager *manager, sd_bus_message *answer, const char *unit,
                            struct error *err);
