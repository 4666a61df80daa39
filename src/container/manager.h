/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The systemd that runs our units, over its bus: the machine's for root, the user's for others.
 * Where no bus daemon runs, root speaks to systemd itself.
 */
#pragma once

#include "../base/error.h"

#include "../base/str.h"

#include <stdbool.h>
#include <stdint.h>

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
/* The same for a start and a stop. */
int manager_start(struct manager *manager, const char *unit, struct error *err);
int manager_stop(struct manager *manager, const char *unit, struct error *err);

/* A unit that has failed is known no more; an error where it is not there. */
int manager_forget_failure(struct manager *manager, const char *unit, struct error *err);
/* The unit stays known until the manager is closed, so that its end can be asked for. */
int manager_hold(struct manager *manager, const char *unit, struct error *err);

/* How the unit's main process ended. */
struct manager_exit {
        int64_t pid; /* of that process */
        int code;    /* CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: not yet */
        int status;  /* exit status, or the signal's number */
};
int manager_main_exit(struct manager *manager, const char *unit, struct manager_exit *ret,
                      struct error *err);

/* One property of a transient unit, by the type that systemd wants it in. */
struct manager_property {
        const char *name;
        enum {
                MANAGER_STRING,        /* text */
                MANAGER_BOOL,          /* number */
                MANAGER_U32,           /* number */
                MANAGER_U64,           /* number */
                MANAGER_STRINGS,       /* list */
                MANAGER_BYTES,         /* text, as one array of bytes in a list: LogExtraFields= */
                MANAGER_COMMAND,       /* list: argv, for ExecStartEx= and the like */
                MANAGER_DEVICES,       /* list: "PATH RIGHTS" */
                MANAGER_CPUS,          /* text: "0-3,5", as a mask */
                MANAGER_DEVICE_LIMITS, /* list: "DEVICE NUMBER" */
        } kind;
        const char *text;
        uint64_t number;
        const struct strv *list;
};

/* Make a unit of these and start it. 1: it is up, 0: it is not; EEXIST: there is a unit of that
 * name. made (or NULL) is called as soon as it is there, while it starts. */
int manager_start_transient(struct manager *manager, const char *unit,
                            const struct manager_property *properties, size_t count,
                            void (*made)(void *context), void *context, struct error *err);

/* Change these of a unit until the machine goes down, or the unit. 0, or -1. */
int manager_change(struct manager *manager, const char *unit,
                   const struct manager_property *properties, size_t count, struct error *err);

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
