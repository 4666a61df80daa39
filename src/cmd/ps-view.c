/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ps-view.h"

#include "../base/disk-use.h"
#include "../base/json.h"
#include "../container/place.h"
#include "../network/member.h"
#include "health-view.h"
#include "listing.h"
#include "network-view.h"

#include <time.h>

static void view_set_number(struct json_object *object, const char *key, int64_t value)
{
        json_object_object_add(object, key, json_object_new_int64(value));
}

/* Plain addresses, without the length of their networks. */
static void view_set_addresses(struct json_object *object, const char *label)
{
        AUTO_JOINED struct joined member = { 0 };
        struct json_object *list = json_add_array(object, "Addresses");

        if (member_read(place_runtime(), label, &member, NULL) < 0)
                return;
        for (size_t i = 0; i < member.network_count; i++) {
                const struct strv *addresses = &member.networks[i].addresses;

                for (size_t k = 0; k < addresses->count; k++) {
                        const char *address = addresses->items[k];

                        json_object_array_add(list, json_object_new_string_len(
                                                            address, (int)strcspn(address, "/")));
                }
        }
}

static void view_set_times(struct json_object *object, const struct census_item *item)
{
        const struct container_state *state = &item->state;
        int64_t created = listing_time(state->created);
        bool running = item->alive && state->init.pid;
        int64_t age = running ? process_age(&state->init) / 1000 : 0;
        AUTO_FREE char *ago = listing_age(state->created);
        AUTO_FREE char *up = listing_duration(age);
        AUTO_FREE char *health = health_view_suffix(running ? state->bundle : NULL);
        bool paused = str_equal(census_status(item), "paused");
        AUTO_FREE char *status = running ? str_concat("Up ", up, health, paused ? " (Paused)" : "")
                                 : item->alive ? str_dup("Starting")
                                               : str_dup("Exited");

        view_set_number(object, "Created", created);
        json_set_string(object, "CreatedAt", state->created);
        json_set_string(object, "RunningFor", ago);
        view_set_number(object, "StartedAt", running ? time(NULL) - age : 0);
        json_set_string(object, "State", census_status(item));
        json_set_string(object, "Status", status);
        json_set_string(object, "Health", health_view_status(running ? state->bundle : NULL));
        view_set_number(object, "Pid", running ? state->init.pid : 0);
}

static void view_set_unit(struct json_object *object, const char *name,
                          const struct manager_units *units)
{
        const struct manager_unit *unit = manager_find_unit(units, name);

        json_set_string(object, "Unit", name ? name : "");
        json_set_string(object, "UnitState", unit ? unit->active : "");
        json_set_string(object, "UnitSubState", unit ? unit->sub : "");
}

struct json_object *ps_view(const struct census_item *item, const struct manager_units *units)
{
        const struct container_state *state = &item->state;
        const char *image = state->image_name ? state->image_name : state->rootfs;
        struct json_object *object = json_object_new_object(), *names;
        AUTO_FREE char *label = NULL;

        json_set_string(object, "Id", state->id);
        names = json_add_array(object, "Names");
        json_object_array_add(names, json_object_new_string(state->name));
        json_set_string(object, "Image", image ? image : "");
        json_set_string(object, "ImageID", state->image ? state->image : "");
        json_set_strv(object, "Command", &state->command);
        view_set_times(object, item);
        json_set_pairs(object, "Labels", &state->labels);
        json_set_strv(object, "Networks", &state->networks);
        json_set_strv(object, "Ports", &state->ports);
        json_set_string(object, "Pod", state->pod_id ? state->pod_id : "");
        json_set_string(object, "PodName", state->pod ? state->pod : "");
        label = network_view_label(state, item->label);
        view_set_addresses(object, label);
        view_set_unit(object, state->unit, units);
        return object;
}

void ps_view_add_size(struct json_object *view, const struct census_item *item)
{
        const char *writable = item->state.writable;
        AUTO_FREE char *upper = writable ? str_concat(writable, "/upper") : NULL;

        view_set_number(json_add_object(view, "Size"), "rwSize",
                        upper ? (int64_t)disk_use(upper) : 0);
}
