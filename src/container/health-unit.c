/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health-unit.h"

#include "interrupt.h"
#include "manager.h"

#include <errno.h>
#include <syslog.h>
#include <systemd/sd-bus.h>
#include <time.h>

enum {
        UNIT_TRIES = 250,                    /* looks whether units of an earlier run are gone */
        UNIT_STEP = 20 * 1000 * 1000,        /* nanoseconds between them */
        UNIT_SOON = 2000,                    /* milliseconds in which what fails is tried often */
        UNIT_SOON_STEP = 20,                 /* milliseconds between two tries */
        UNIT_LATER_STEP = 500,               /* and from then on */
        UNIT_STOP_TIMEOUT = 5 * 1000 * 1000, /* microseconds */
};

#define UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"
#define UNIT_MISSING "org.freedesktop.systemd1.NoSuchUnit"

char *health_unit_name(const struct container_state *state)
{
        const char *suffix = state->unit ? strrchr(state->unit, '.') : NULL;
        const char *at = state->unit ? strchr(state->unit, '@') : NULL;

        if (!str_equal(suffix, ".service"))
                return str_concat("crunit-", state->name, "-health");
        if (!at)
                return str_format("%.*s-health", (int)(suffix - state->unit), state->unit);
        /* In front of the "@": behind it would be an instance of the container's own template. */
        return str_format("%.*s-health%.*s", (int)(at - state->unit), state->unit,
                          (int)(suffix - at), at);
}

static bool unit_is_bound(const struct container_state *state)
{
        return state->unit && str_has_suffix(state->unit, ".service");
}

/* --- properties; each returns what sd-bus says */

static int unit_add_string(sd_bus_message *message, const char *name, const char *value)
{
        return sd_bus_message_append(message, "(sv)", name, "s", value);
}

static int unit_add_common(sd_bus_message *message, const struct container_state *state,
                           const char *what)
{
        AUTO_FREE char *description = str_format("%s of container %s", what, state->name);
        int result = unit_add_string(message, "Description", description);

        /* Nothing stays when they are over, whatever way. */
        if (result >= 0)
                result = unit_add_string(message, "CollectMode", "inactive-or-failed");
        /* And they are over when the container's unit is. PartOf= would restart them with it, while
         * the next container makes its own; BindsTo= would start it for them. */
        if (result >= 0 && unit_is_bound(state))
                result = sd_bus_message_append(message, "(sv)", "StopPropagatedFrom", "as", 1,
                                               state->unit);
        return result;
}

static int unit_add_timer(sd_bus_message *message, const struct container_state *state,
                          const struct health_settings *settings)
{
        int result = unit_add_common(message, state, "Health checks");

        if (result >= 0)
                result = sd_bus_message_append(message, "(sv)", "TimersMonotonic", "a(st)", 2,
                                               "OnActiveSec", settings->interval * 1000,
                                               "OnUnitInactiveSec", settings->interval * 1000);
        if (result >= 0)
                result = sd_bus_message_append(message, "(sv)", "AccuracyUSec", "t",
                                               UINT64_C(1000000));
        return result;
}

/* What tells our programs where things are. */
static int unit_add_environment(sd_bus_message *message)
{
        AUTO_STRV struct strv list = { 0 };

        for (char **item = environ; *item; item++)
                if (str_has_prefix(*item, "CRUNIT_"))
                        strv_append(&list, *item);
        if (!list.count)
                return 0;
        if (sd_bus_message_open_container(message, 'r', "sv") < 0 ||
            sd_bus_message_append(message, "s", "Environment") < 0 ||
            sd_bus_message_open_container(message, 'v', "as") < 0 ||
            sd_bus_message_append_strv(message, list.items) < 0 ||
            sd_bus_message_close_container(message) < 0)
                return -EINVAL;
        return sd_bus_message_close_container(message);
}

static int unit_add_service(sd_bus_message *message, const char *name,
                            const struct container_state *state)
{
        int result = unit_add_common(message, state, "Health check");

        if (result >= 0)
                result = sd_bus_message_append(
                        message, "(sv)(sv)(sv)(sv)(sv)", "ExecStart", "a(sasb)", 1,
                        BINDIR "/crunit", 5, "crunit", "health", "watch", state->name, name, 0,
                        "SyslogIdentifier", "s", name, "LogLevelMax", "i", LOG_NOTICE,
                        "StartLimitIntervalUSec", "t", UINT64_C(0), "TimeoutStopUSec", "t",
                        (uint64_t)UNIT_STOP_TIMEOUT);
        return result < 0 ? result : unit_add_environment(message);
}

/* --- the call */

static int unit_fill(sd_bus_message *message, const char *name, const struct container_state *state,
                     const struct health_settings *settings)
{
        AUTO_FREE char *timer = str_concat(name, ".timer");
        AUTO_FREE char *service = str_concat(name, ".service");
        int result = sd_bus_message_append(message, "ss", timer, "replace");

        if (result >= 0)
                result = sd_bus_message_open_container(message, 'a', "(sv)");
        if (result >= 0)
                result = unit_add_timer(message, state, settings);
        if (result >= 0)
                result = sd_bus_message_close_container(message);
        if (result >= 0)
                result = sd_bus_message_open_container(message, 'a', "(sa(sv))");
        if (result >= 0)
                result = sd_bus_message_open_container(message, 'r', "sa(sv)");
        if (result >= 0)
                result = sd_bus_message_append(message, "s", service);
        if (result >= 0)
                result = sd_bus_message_open_container(message, 'a', "(sv)");
        if (result >= 0)
                result = unit_add_service(message, name, state);
        for (int depth = 0; depth < 3 && result >= 0; depth++)
                result = sd_bus_message_close_container(message);
        return result;
}

/* 1 made, 0 they exist already; -1. */
static int unit_try(struct manager *manager, const char *name, const struct container_state *state,
                    const struct health_settings *settings, struct error *err)
{
        sd_bus_error why = SD_BUS_ERROR_NULL;
        sd_bus_message *message = NULL;
        int result = manager_new_call(manager, "StartTransientUnit", &message);

        if (result >= 0)
                result = unit_fill(message, name, state, settings);
        if (result >= 0)
                result = sd_bus_call(manager_bus(manager), message, 0, &why, NULL);
        if (result >= 0)
                result = 1;
        else if (sd_bus_error_has_name(&why, UNIT_EXISTS))
                result = 0;
        else
                result = error_set(err, -result, "cannot make %s.timer: %s", name,
                                   why.message ? why.message : strerror(-result));
        sd_bus_message_unref(message);
        sd_bus_error_free(&why);
        return result;
}

/* ENOENT where systemd knows no such unit, or had no room for its file. */
static int unit_call(struct manager *manager, const char *method, const char *name,
                     const char *suffix, struct error *err)
{
        AUTO_FREE char *unit = str_concat(name, suffix);
        sd_bus_error why = SD_BUS_ERROR_NULL;
        sd_bus_message *message = NULL;
        int result = manager_new_call(manager, method, &message);

        if (result >= 0)
                result = sd_bus_message_append(message, "ss", unit, "replace");
        if (result >= 0)
                result = sd_bus_call(manager_bus(manager), message, 0, &why, NULL);
        if (result < 0)
                error_set(err, sd_bus_error_has_name(&why, UNIT_MISSING) ? ENOENT : -result,
                          "%s %s: %s", method, unit, why.message ? why.message : strerror(-result));
        sd_bus_message_unref(message);
        sd_bus_error_free(&why);
        return result < 0 ? -1 : 0;
}

static int unit_stop_both(struct manager *manager, const char *name, struct error *err)
{
        static const char *const suffixes[] = { ".timer", ".service" };

        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
                AUTO_ERROR struct error why = { 0 };

                if (unit_call(manager, "StopUnit", name, suffixes[i], &why) < 0 &&
                    why.code != ENOENT)
                        return error_set(err, why.code, "%s", why.message);
        }
        return 0;
}

int health_unit_make(const struct container_state *state, const struct health_settings *settings,
                     struct error *err)
{
        AUTO_FREE char *name = health_unit_name(state);
        AUTO_MANAGER struct manager *manager = NULL;

        return manager_open(&manager, err) < 0 ? -1 : unit_try(manager, name, state, settings, err);
}

static int unit_start_made(const struct container_state *state, struct error *err)
{
        AUTO_FREE char *name = health_unit_name(state);
        AUTO_MANAGER struct manager *manager = NULL;

        return manager_open(&manager, err) < 0 ||
                               unit_call(manager, "StartUnit", name, ".service", err) < 0
                       ? -1
                       : 0;
}

static int unit_start(const struct container_state *state, const struct health_settings *settings,
                      struct error *err)
{
        static const struct timespec step = { .tv_nsec = UNIT_STEP };
        AUTO_FREE char *name = health_unit_name(state);
        AUTO_MANAGER struct manager *manager = NULL;
        int made;

        if (manager_open(&manager, err) < 0)
                return -1;
        for (int i = 0; (made = unit_try(manager, name, state, settings, err)) == 0; i++) {
                if (i == UNIT_TRIES)
                        return error_set(err, EEXIST,
                                         "cannot check its health: there is another unit %s.timer "
                                         "or %s.service",
                                         name, name);
                if (i == 0 && unit_stop_both(manager, name, err) < 0)
                        return -1;
                if (interrupt_check(err) < 0)
                        return -1;
                nanosleep(&step, NULL);
        }
        return made < 0 ? -1 : unit_call(manager, "StartUnit", name, ".service", err);
}

/* What no other try can mend, or nobody waits for any more. */
static bool unit_gives_up(const struct container_state *state, const struct error *err)
{
        return err->code == EEXIST || err->code == EINTR || interrupt_check(NULL) < 0 ||
               !process_alive(&state->init);
}

/*
 * A systemd that executes itself anew drops its connections, and units of the same name that are
 * just going cannot be made again for a moment ("not found", because their files are gone and they
 * are not): both is over soon. A full /run, where systemd writes the units' files, may take longer.
 */
int health_unit_start(const struct container_state *state, const struct health_settings *settings,
                      bool made, unsigned patience, struct error *err)
{
        unsigned pause;

        if (made && unit_start_made(state, NULL) == 0)
                return 0;
        for (unsigned waited = 0; unit_start(state, settings, err) < 0; waited += pause) {
                if (waited >= patience || unit_gives_up(state, err))
                        return -1;
                error_clear(err);
                pause = waited < UNIT_SOON ? UNIT_SOON_STEP : UNIT_LATER_STEP;
                nanosleep(&(const struct timespec){ .tv_sec = pause / 1000,
                                                    .tv_nsec = pause % 1000 * 1000000L },
                          NULL);
        }
        return 0;
}

int health_unit_stop(const struct container_state *state, struct error *err)
{
        AUTO_FREE char *name = health_unit_name(state);

        return health_unit_stop_named(name, err);
}

int health_unit_stop_named(const char *name, struct error *err)
{
        AUTO_MANAGER struct manager *manager = NULL;

        if (manager_open(&manager, err) < 0)
                return -1;
        return unit_stop_both(manager, name, err);
}

/* --- what the timer says */

/* The shortest of its times that begin with the service's start or end; 0 where there is none. */
static int unit_read_timers(sd_bus_message *message, uint64_t *ret_usec)
{
        const char *base;
        uint64_t usec, next, least = 0;
        int result = sd_bus_message_enter_container(message, 'a', "(stt)");

        while (result >= 0 &&
               (result = sd_bus_message_read(message, "(stt)", &base, &usec, &next)) > 0) {
                bool repeats = str_equal(base, "OnUnitInactiveUSec") ||
                               str_equal(base, "OnUnitActiveUSec");

                if (repeats && usec && (!least || usec < least))
                        least = usec;
        }
        *ret_usec = least;
        return result;
}

int health_unit_interval(const struct container_state *state,
                         const struct health_settings *settings, uint64_t *ret, struct error *err)
{
        AUTO_FREE char *name = health_unit_name(state);
        AUTO_FREE char *timer = str_concat(name, ".timer");
        AUTO_MANAGER struct manager *manager = NULL;
        sd_bus_message *answer = NULL;
        char *path = NULL;
        uint64_t usec = 0;
        int result;

        if (manager_open(&manager, err) < 0)
                return -1;
        result = sd_bus_path_encode("/org/freedesktop/systemd1/unit", timer, &path);
        if (result >= 0)
                result = sd_bus_get_property(manager_bus(manager), "org.freedesktop.systemd1", path,
                                             "org.freedesktop.systemd1.Timer", "TimersMonotonic",
                                             NULL, &answer, "a(stt)");
        if (result >= 0)
                result = unit_read_timers(answer, &usec);
        sd_bus_message_unref(answer);
        free(path);
        if (result < 0)
                return error_errno(err, -result, "cannot read the times of %s", timer);
        *ret = usec ? (usec + 999) / 1000 : settings->interval;
        return 0;
}
