/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "claim.h"

#include "../base/io.h"
#include "orphan.h"
#include "place.h"
#include "state.h"
#include "stop.h"
#include "writable.h"

#include <signal.h>

enum {
        CLAIM_KILL_WAIT = 5000 /* milliseconds */
};

static int claim_refuse(const struct container_state *other, struct error *err)
{
        const struct process_id *who = other->init.pid ? &other->init : &other->starter;

        if (other->unit)
                return error_set(err, EEXIST, "the name '%s' is in use by %s (pid %d)", other->name,
                                 other->unit, (int)who->pid);
        return error_set(err, EEXIST,
                         "the name '%s' is in use by a container with pid %d: crunit rm -f %s "
                         "removes it",
                         other->name, (int)who->pid, other->name);
}

static int claim_kill(const struct container_state *state, struct error *err)
{
        AUTO_CLOSE int init = process_open(&state->init);
        AUTO_CLOSE int starter = process_open(&state->starter);

        if (starter >= 0)
                process_signal(starter, SIGKILL);
        if (init >= 0)
                process_signal(init, SIGKILL);
        if (init >= 0 && process_wait(init, CLAIM_KILL_WAIT) == 0)
                return error_set(err, EBUSY, "container '%s' (pid %d) does not end", state->name,
                                 (int)state->init.pid);
        return 0;
}

static int claim_check(const struct place *own, const char *label, bool replace, struct error *err)
{
        AUTO_STATE struct container_state other = { 0 };
        CLEANUP(place_free) struct place place = { 0 };
        bool is_own = str_equal(label, own->label);

        place_of(label, "", &place);
        place.systemd = is_own && own->systemd;
        if (state_read(place.run, &other, NULL) == 0 && state_alive(&other)) {
                if (!is_own || !replace)
                        return claim_refuse(&other, err);
                if (claim_kill(&other, err) < 0)
                        return -1;
        }
        if (other.id && !other.init.pid)
                orphan_kill(place.run);
        /* A directory without a state is another unit's that is about to start; its own check
         * comes. */
        if (is_own || other.id)
                return place_remove(&place, err);
        return 0;
}

int claim_name(const struct place *place, const struct container_state *state, bool replace,
               struct error *err)
{
        AUTO_CLOSE int lock = place_lock_names(err);
        AUTO_STRV struct strv labels = { 0 };

        if (lock < 0 || place_list(state->name, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++)
                if (claim_check(place, labels.items[i], replace, err) < 0)
                        return -1;
        if (place_make(place, err) < 0)
                return -1;
        return state_write(place->run, state, err);
}

/* From a shell, and whoever started it was killed with it. */
static bool claim_is_left(const char *run, struct container_state *ret)
{
        return state_read(run, ret, NULL) == 0 && !ret->unit && !state_alive(ret) &&
               !process_alive(&ret->starter);
}

/* Of units systemd removes the directories. One that comes to life meanwhile is seen behind the
 * lock. */
static void claim_sweep_run(const char *label)
{
        AUTO_STATE struct container_state seen = { 0 }, state = { 0 };
        CLEANUP(place_free) struct place place = { 0 };
        AUTO_CLOSE int lock = -1;

        place_of(label, "", &place);
        if (!str_has_suffix(label, "@") || !claim_is_left(place.run, &seen))
                return;
        lock = place_lock_names(NULL);
        if (lock >= 0 && claim_is_left(place.run, &state))
                stop_remove(&state, place.run, false, NULL);
}

void claim_sweep(const char *storage)
{
        AUTO_STRV struct strv labels = { 0 }, runs = { 0 };

        place_list(NULL, &runs, NULL);
        for (size_t i = 0; i < runs.count; i++)
                claim_sweep_run(runs.items[i]);
        place_list_data(storage, &labels, NULL);
        for (size_t i = 0; i < labels.count; i++) {
                CLEANUP(place_free) struct place place = { 0 };

                place_of(labels.items[i], storage, &place);
                if (access(place.run, F_OK) < 0 && errno == ENOENT)
                        writable_remove(place.data, false, NULL);
        }
        writable_sweep(storage);
}
