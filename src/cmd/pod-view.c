/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pod-view.h"

#include "../base/json.h"
#include "../container/place.h"
#include "../network/member.h"
#include "network-view.h"
#include "pod-options.h"

int pod_view_load(const char *name_or_id, struct pod_view *ret, struct error *err)
{
        CLEANUP(pod_request_free) struct pod_request request;
        CLEANUP(pod_view_free) struct pod_view view = { 0 };
        AUTO_FREE char *label = NULL;

        pod_request_init(&request);
        if (pod_find(name_or_id, &view.pod, err) < 0 ||
            pod_list_members(view.pod.name, &view.members, err) < 0 ||
            pod_request_parse(&view.pod.words, view.pod.directory, &request, err) < 0)
                return -1;
        label = pod_label(view.pod.name);
        member_read(place_runtime(), label, &view.joined, NULL);
        strv_append_all(&view.labels, &request.spec.labels);
        *ret = view;
        view = (struct pod_view){ 0 };
        return 0;
}

void pod_view_free(struct pod_view *view)
{
        pod_free(&view->pod);
        pod_members_free(&view->members);
        joined_free(&view->joined);
        strv_free(&view->labels);
}

void pod_views_free(struct pod_views *views)
{
        for (size_t i = 0; i < views->count; i++)
                pod_view_free(&views->items[i]);
        free(views->items);
}

const char *pod_view_status(const struct pod_view *view)
{
        switch (view->pod.status) {
        case POD_CREATING:
                return pod_alive(&view->pod) ? "Created" : "Dead";
        case POD_RUNNING:
                return "Running";
        case POD_STOPPED:
                return "Stopped";
        }
        return "Dead";
}

static const char *view_member_status(const struct pod_member *member)
{
        return member->state.init.pid ? "running" : "created";
}

static void view_set_members(struct json_object *object, const struct pod_view *view,
                             const char *name_key, const char *state_key)
{
        struct json_object *list = json_add_array(object, "Containers");

        for (size_t i = 0; i < view->members.count; i++) {
                const struct pod_member *member = &view->members.items[i];
                struct json_object *item = json_object_new_object();

                json_set_string(item, "Id", member->state.id);
                json_set_string(item, name_key, member->state.name);
                json_set_string(item, state_key, view_member_status(member));
                json_object_array_add(list, item);
        }
}

static void view_set_networks(struct json_object *object, const struct pod_view *view)
{
        struct json_object *list = json_add_array(object, "Networks");

        for (size_t i = 0; i < view->joined.network_count; i++)
                json_object_array_add(list,
                                      json_object_new_string(view->joined.networks[i].network));
}

struct json_object *pod_view_to_list(const struct pod_view *view)
{
        struct json_object *object = json_object_new_object();

        json_set_string(object, "Id", view->pod.id);
        json_set_string(object, "Name", view->pod.name);
        json_set_string(object, "Status", pod_view_status(view));
        json_set_string(object, "Created", view->pod.created);
        json_set_string(object, "Unit", view->pod.unit);
        view_set_members(object, view, "Names", "Status");
        view_set_networks(object, view);
        json_set_pairs(object, "Labels", &view->labels);
        return object;
}

struct json_object *pod_view_to_json(const struct pod_view *view)
{
        struct json_object *object = json_object_new_object();
        AUTO_FREE char *label = pod_label(view->pod.name);
        AUTO_FREE char *path = pod_path(view->pod.name, "net");
        bool net = strv_contains(&view->pod.namespaces, "net");

        json_set_string(object, "Id", view->pod.id);
        json_set_string(object, "Name", view->pod.name);
        json_set_string(object, "Created", view->pod.created);
        json_set_strv(object, "CreateCommand", &view->pod.words);
        json_set_string(object, "Unit", view->pod.unit);
        json_set_string(object, "CgroupParent", view->pod.slice);
        json_set_string(object, "ExitPolicy", view->pod.exit_policy);
        json_set_string(object, "State", pod_view_status(view));
        json_set_string(object, "Hostname", view->pod.hostname);
        json_set_pairs(object, "Labels", &view->labels);
        json_set_strv(object, "SharedNamespaces", &view->pod.namespaces);
        network_view_add_label(label, net ? path : NULL, object);
        json_object_object_add(object, "NumContainers",
                               json_object_new_int64((int64_t)view->members.count));
        view_set_members(object, view, "Name", "State");
        return object;
}
