/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The systemd that runs our units, over its bus: the machine's for root, the user's for others.
 * Where no bus daemon runs, root speaks to systemd itself.
 */
#pragma once

#include "../base/error.h"

#include "../base/str.h"

#include <stdbool.h>

struct manager;
struct sd_bus;
struct sd_bus_message;

int manager_open(struct manager **ret, struct error *err);
void manager_close(struct manager **manager);
#define AUTO_MANAGER CLEANUP(manager_close)

/* For other calls; both as sd-bus has them: borrowed, and the beginning of a call to systemd's
 * manager, whose answer is 0 or a negative errno. */
struct sd_bus *manager_bus(struct manager *manager);
int manager_new_call(struct manager *manager, const char *method, struct sd_bus_message **ret);

/*
 * Restart a unit and wait until systemd says how that went, for as long as it takes. Returns 1
 * where the unit is up, 0 where it is not; -1 where systemd could not be asked, or with code EINTR
 * when we were told to stop (interrupt.h).
 */
int manager_restart(struct manager *manager, const char *unit, struct error *err);

/* What systemd says of a unit: "active", "running". "" where it does not know the unit. */
struct manager_unit {
        char *name, *active, *sub; /* owned */
};

struct manager_units {
        struct manager_unit *items; /* owned */
        size_t count;
};

/* All that are asked for, by one question. */
int manager_list_units(struct manager *manager, const struct strv *names, struct manager_units *ret,
                       struct error *err);
/* NULL where it was not asked for. */
const struct manager_unit *manager_find_unit(const struct manager_units *units, const char *name);
void manager_units_free(struct manager_units *units);
#define AUTO_MANAGER_UNITS CLEANUP(manager_units_free)
