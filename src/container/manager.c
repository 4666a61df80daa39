/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager-parts.h"

#include "../base/str.h"
#include "interrupt.h"

#include <unistd.h>

enum {
        MANAGER_STEP = 500 * 1000 /* microseconds between looks whether we are to stop */
};

/* Jobs end that nobody has told us of yet: all that end while we ask are remembered by path. */
static int manager_note_removed(sd_bus_message *message, void *context, sd_bus_error *error)
{
        struct manager *manager = context;
        const char *job = NULL, *unit = NULL, *result = NULL;
        uint32_t number;

        (void)error;
        if (sd_bus_message_read(message, "uoss", &number, &job, &unit, &result) < 0)
                return 0;
        if (str_equal(job, manager->job))
                str_replace(&manager->result, result);
        return 0;
}

/* systemd's own socket speaks the same protocol, with nobody in between. */
static int manager_connect_private(sd_bus **ret)
{
        sd_bus *bus = NULL;
        int result = sd_bus_new(&bus);

        if (result >= 0)
                result = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
        if (result >= 0)
                result = sd_bus_start(bus);
        if (result < 0) {
                sd_bus_unref(bus);
                return result;
        }
        *ret = bus;
        return 0;
}

static int manager_connect(sd_bus **ret)
{
        int result = geteuid() == 0 ? sd_bus_open_system(ret) : sd_bus_open_user(ret);

        return result < 0 && geteuid() == 0 ? manager_connect_private(ret) : result;
}

static int manager_watch(struct manager *manager)
{
        sd_bus_error ignored = SD_BUS_ERROR_NULL;
        int result = sd_bus_add_match(manager->bus, &manager->removed,
                                      "type='signal',interface='" MANAGER_TYPE
                                      "',member='JobRemoved',path='" MANAGER_PATH "'",
                                      manager_note_removed, manager);

        if (result < 0)
                return result;
        result = sd_bus_call_method(manager->bus, MANAGER_NAME, MANAGER_PATH, MANAGER_TYPE,
                                    "Subscribe", &ignored, NULL, NULL);
        sd_bus_error_free(&ignored);
        return result;
}

int manager_open(struct manager **ret, struct error *err)
{
        AUTO_MANAGER struct manager *manager = alloc_zero(1, sizeof *manager);
        int result = manager_connect(&manager->bus);

        if (result >= 0)
                result = manager_watch(manager);
        if (result < 0)
                return error_errno(err, -result, "cannot speak to systemd");
        *ret = steal_ptr(&manager);
        return 0;
}

void manager_close(struct manager **place)
{
        struct manager *manager = *place;

        if (!manager)
                return;
        sd_bus_slot_unref(manager->removed);
        sd_bus_flush_close_unref(manager->bus);
        free(manager->job);
        free(manager->result);
        free(manager);
        *place = NULL;
}

struct sd_bus *manager_bus(struct manager *manager)
{
        return manager->bus;
}

int manager_new_call(struct manager *manager, const char *method, struct sd_bus_message **ret)
{
        return sd_bus_message_new_method_call(manager->bus, ret, MANAGER_NAME, MANAGER_PATH,
                                              MANAGER_TYPE, method);
}

static int manager_wait(struct manager *manager, const char *unit, struct error *err)
{
        while (!manager->result) {
                int result = sd_bus_process(manager->bus, NULL);

                if (result == 0)
                        result = sd_bus_wait(manager->bus, MANAGER_STEP);
                if (result < 0 && result != -EINTR)
                        return error_errno(err, -result, "cannot wait for %s", unit);
                if (interrupt_check(err) < 0)
                        return -1;
        }
        return 0;
}

/* The signal of the job's end comes behind the answer that names the job, but is read together with
 * it: it is dispatched only by manager_wait(). */
int manager_wait_for_answer(struct manager *manager, sd_bus_message *answer, const char *unit,
                            struct error *err)
{
        const char *job = NULL;
        int result = sd_bus_message_read(answer, "o", &job);

        if (result < 0)
                return error_errno(err, -result, "cannot read systemd's answer");
        str_replace(&manager->job, job);
        str_replace(&manager->result, NULL);
        if (manager_wait(manager, unit, err) < 0)
                return -1;
        str_replace(&manager->job, NULL);
        return str_equal(manager->result, "done");
}

/* Have a job done: StartUnit, StopUnit, RestartUnit. */
static int manager_do(struct manager *manager, const char *method, const char *verb,
                      const char *unit, struct error *err)
{
        sd_bus_error why = SD_BUS_ERROR_NULL;
        sd_bus_message *answer = NULL;
        int result = sd_bus_call_method(manager->bus, MANAGER_NAME, MANAGER_PATH, MANAGER_TYPE,
                                        method, &why, &answer, "ss", unit, "replace");

        if (result < 0)
                result = error_set(err, -result, "cannot %s %s: %s", verb, unit,
                                   why.message ? why.message : strerror(-result));
        else
                result = manager_wait_for_answer(manager, answer, unit, err);
        sd_bus_message_unref(answer);
        sd_bus_error_free(&why);
        return result;
}

int manager_restart(struct manager *manager, const char *unit, struct error *err)
{
        return manager_do(manager, "RestartUnit", "restart", unit, err);
}

int manager_start(struct manager *manager, const char *unit, struct error *err)
{
        return manager_do(manager, "StartUnit", "start", unit, err);
}

int manager_stop(struct manager *manager, const char *unit, struct error *err)
{
        return manager_do(manager, "StopUnit", "stop", unit, err);
}

static int manager_tell(struct manager *manager, const char *method, const char *unit,
                        struct error *err)
{
        sd_bus_error why = SD_BUS_ERROR_NULL;
        int result = sd_bus_call_method(manager->bus, MANAGER_NAME, MANAGER_PATH, MANAGER_TYPE,
                                        method, &why, NULL, "s", unit);

        if (result < 0)
                error_set(err, -result, "%s: %s", unit,
                          why.message ? why.message : strerror(-result));
        sd_bus_error_free(&why);
        return result < 0 ? -1 : 0;
}

int manager_forget_failure(struct manager *manager, const char *unit, struct error *err)
{
        return manager_tell(manager, "ResetFailedUnit", unit, err);
}

int manager_hold(struct manager *manager, const char *unit, struct error *err)
{
        return manager_tell(manager, "RefUnit", unit, err);
}

/* One unit of the answer: NAME, description, load state, ACTIVE, SUB, following, path, and a job.
 */
static int manager_read_unit(sd_bus_message *answer, struct manager_units *units)
{
        const char *name, *active, *sub;
        int result = sd_bus_message_read(answer, "(ssssssouso)", &name, NULL, NULL, &active, &sub,
                                         NULL, NULL, NULL, NULL, NULL);

        if (result <= 0)
                return result;
        units->items = alloc_grow(units->items, units->count + 1, sizeof *units->items);
        units->items[units->count++] =
                (struct manager_unit){ str_dup(name), str_dup(active), str_dup(sub) };
        return result;
}

static int manager_ask_units(struct manager *manager, const struct strv *names, sd_bus_error *why,
                             sd_bus_message **ret)
{
        sd_bus_message *question = NULL;
        int result = sd_bus_message_new_method_call(manager->bus, &question, MANAGER_NAME,
                                                    MANAGER_PATH, MANAGER_TYPE, "ListUnitsByNames");

        if (result >= 0)
                result = sd_bus_message_append_strv(question, names->items);
        if (result >= 0)
                result = sd_bus_call(manager->bus, question, 0, why, ret);
        sd_bus_message_unref(question);
        return result;
}

int manager_list_units(struct manager *manager, const struct strv *names, struct manager_units *ret,
                       struct error *err)
{
        AUTO_MANAGER_UNITS struct manager_units units = { 0 };
        sd_bus_error why = SD_BUS_ERROR_NULL;
        sd_bus_message *answer = NULL;
        int result = manager_ask_units(manager, names, &why, &answer);

        if (result >= 0)
                result = sd_bus_message_enter_container(answer, 'a', "(ssssssouso)");
        while (result > 0)
                result = manager_read_unit(answer, &units);
        if (result < 0)
                error_set(err, -result, "cannot ask systemd for units: %s",
                          why.message ? why.message : strerror(-result));
        sd_bus_message_unref(answer);
        sd_bus_error_free(&why);
        if (result < 0)
                return -1;
        *ret = units;
        units = (struct manager_units){ 0 };
        return 0;
}

const struct manager_unit *manager_find_unit(const struct manager_units *units, const char *name)
{
        for (size_t i = 0; name && i < units->count; i++)
                if (str_equal(units->items[i].name, name))
                        return &units->items[i];
        return NULL;
}

void manager_units_free(struct manager_units *units)
{
        for (size_t i = 0; i < units->count; i++) {
                free(units->items[i].name);
                free(units->items[i].active);
                free(units->items[i].sub);
        }
        free(units->items);
        *units = (struct manager_units){ 0 };
}
