/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "census.h"

#include "pause.h"
#include "place.h"

void census_free(struct census *census)
{
        for (size_t i = 0; i < census->count; i++) {
                state_free(&census->items[i].state);
                free(census->items[i].label);
                free(census->items[i].run);
        }
        free(census->items);
        *census = (struct census){ 0 };
}

/* Append what a directory says, if it is wanted. */
static void census_add(struct census *census, const char *directory, const char *label, bool kept,
                       bool all, void (*warn)(const char *line))
{
        AUTO_ERROR struct error unreadable = { 0 };
        struct census_item item = { .kept = kept };

        if (state_read(directory, &item.state, &unreadable) < 0) {
                if (unreadable.code != ENOENT)
                        warn(unreadable.message);
                return;
        }
        /* Ended, perhaps before a reboot: its process ids are others' by now. */
        if (kept)
                item.state.init.pid = item.state.starter.pid = 0;
        item.alive = state_alive(&item.state);
        if (!all && !item.alive) {
                state_free(&item.state);
                return;
        }
        item.label = str_dup(label);
        item.run = str_dup(directory);
        census->items = alloc_grow(census->items, census->count + 1, sizeof *census->items);
        census->items[census->count++] = item;
}

/* Containers whose writable layers are kept, and that do not run now. */
static int census_add_kept(struct census *census, const char *storage, const struct strv *running,
                           void (*warn)(const char *line), struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };

        if (place_list_data(storage, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *data = place_data(storage, labels.items[i]);

                if (!strv_contains(running, labels.items[i]))
                        census_add(census, data, labels.items[i], true, true, warn);
        }
        return 0;
}

int census_take(const char *storage_or_null, void (*warn)(const char *line), struct census *ret,
                struct error *err)
{
        AUTO_CENSUS struct census census = { 0 };
        AUTO_STRV struct strv labels = { 0 };

        if (place_list(NULL, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *run = place_run(labels.items[i]);

                census_add(&census, run, labels.items[i], false, storage_or_null != NULL, warn);
        }
        if (storage_or_null && census_add_kept(&census, storage_or_null, &labels, warn, err) < 0)
                return -1;
        *ret = census;
        census = (struct census){ 0 };
        return 0;
}

const char *census_word(const struct census *census, size_t index)
{
        const struct container_state *state = &census->items[index].state;

        for (size_t i = 0; i < census->count; i++)
                if (i != index && state->id && str_equal(census->items[i].state.name, state->name))
                        return state->id;
        return state->name;
}

const char *census_status_of(const struct container_state *state)
{
        if (!state_alive(state))
                return "exited";
        if (!state->init.pid)
                return "created";
        return pause_is_on(state) ? "paused" : "running";
}

const char *census_status(const struct census_item *item)
{
        return item->alive ? census_status_of(&item->state) : "exited";
}
