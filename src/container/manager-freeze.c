/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-parts.h"

#include "../base/str.h"

#include <errno.h>
#include <time.h>

enum {
        FREEZE_TRIES = 100,
        FREEZE_STEP = 10 * 1000 * 1000, /* nanoseconds between them */
};

/* 1 where systemd says that it is done, 0 where it took a state in between for the opposite. */
static int freeze_ask(struct manager *manager, const char *unit, bool freeze, struct error *err)
{
        sd_bus_error why = SD_BUS_ERROR_NULL;
        int result = sd_bus_call_method(manager->bus, MANAGER_NAME, MANAGER_PATH, MANAGER_TYPE,
                                        freeze ? "FreezeUnit" : "ThawUnit", &why, NULL, "s", unit);
        bool cancelled = str_equal(why.name, MANAGER_NAME ".FreezeCancelled");

        if (result < 0 && !cancelled)
                error_set(err, -result, "%s: %s", unit,
                          why.message ? why.message : strerror(-result));
        sd_bus_error_free(&why);
        return cancelled ? 0 : result < 0 ? -1 : 1;
}

/* What systemd believes of it: "running", "frozen" or something in between. */
static int freeze_state(struct manager *manager, const char *unit, char **ret, struct error *err)
{
        AUTO_FREE char *path = NULL;
        sd_bus_error why = SD_BUS_ERROR_NULL;
        int result = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

        if (result >= 0)
                result = sd_bus_get_property_string(manager->bus, MANAGER_NAME, path,
                                                    "org.freedesktop.systemd1.Unit", "FreezerState",
                                                    &why, ret);
        if (result < 0)
                error_set(err, -result, "cannot ask systemd for %s: %s", unit,
                          why.message ? why.message : strerror(-result));
        sd_bus_error_free(&why);
        return result < 0 ? -1 : 0;
}

/* 1: it is as wanted, 0: not yet. */
static int freeze_try(struct manager *manager, const char *unit, bool freeze, struct error *err)
{
        AUTO_FREE char *state = NULL;
        int result = freeze_ask(manager, unit, freeze, err);

        if (result <= 0)
                return result;
        if (freeze_state(manager, unit, &state, err) < 0)
                return -1;
        return str_equal(state, freeze ? "frozen" : "running");
}

/*
 * systemd goes by cgroup.events, which Linux tells it of up to 10 ms late and which is not steady
 * while processes stop: it may end its own operation with the opposite result (257 says so, 252
 * does not). The group follows all the same, and a unit that is frozen without systemd's knowledge
 * is a trap: systemd itself stops in what it starts there. Asked once more, it finds the group as
 * it is.
 */
int manager_freeze(struct manager *manager, const char *unit, bool freeze, struct error *err)
{
        static const struct timespec step = { .tv_nsec = FREEZE_STEP };

        for (int i = 0; i < FREEZE_TRIES; i++) {
                int result = freeze_try(manager, unit, freeze, err);

                if (result > 0)
                        return 0;
                if (result < 0 && (!freeze || err->code != ETIMEDOUT))
                        return -1;
                if (result < 0)
                        break;
                nanosleep(&step, NULL);
        }
        /* A process that nothing can stop: the others do not wait for it. */
        if (freeze)
                freeze_ask(manager, unit, false, NULL);
        return error_set(err, EAGAIN, "%s: systemd did not %s it", unit,
                         freeze ? "freeze" : "thaw");
}
