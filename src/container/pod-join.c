/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pod-join.h"

#include "../base/spawn.h"
#include "../network/member.h"
#include "../network/names.h"
#include "pod.h"

#include <fcntl.h>

enum {
        POD_SHORT_ID = 12
};

/* --- the namespaces */

static int pod_refuse(const struct pod *pod, struct error *err)
{
        const char *unit = pod->unit;

        return error_set(err, ESRCH, "pod '%s' is not running: %s %s", pod->name,
                         unit ? "systemctl start" : "crunit pod start", unit ? unit : pod->name);
}

int pod_join(const struct container_spec *spec, struct container_state *state, struct error *err)
{
        AUTO_POD struct pod pod = { 0 };

        if (!spec->pod)
                return 0;
        if (pod_read(spec->pod, &pod, err) < 0)
                return -1;
        if (pod.status != POD_RUNNING)
                return pod_refuse(&pod, err);
        str_replace(&state->pod, pod.name);
        str_replace(&state->pod_id, pod.id);
        return 0;
}

/* --- the network */

/* The pod's addresses under the container's names. */
static void pod_describe_member(const struct container_state *state, const struct place *place,
                                const struct joined *pod, struct joined *ret)
{
        ret->label = str_dup(place->label);
        ret->name = str_dup(state->name);
        ret->id = str_dup(state->id);
        ret->pod = str_dup(state->pod);
        for (size_t i = 0; i < pod->network_count; i++) {
                const struct joined_network *from = &pod->networks[i];
                struct joined_network *network;

                if (!from->dns)
                        continue;
                network = joined_add_network(ret);
                network->network = str_dup(from->network);
                network->interface = str_dup(from->interface);
                network->mac = str_dup(from->mac);
                network->dns = true;
                strv_append_all(&network->addresses, &from->addresses);
                strv_append(&network->names, state->name);
                strv_append_owned(&network->names, str_dupn(state->id, POD_SHORT_ID));
        }
}

static int pod_add_names(const struct container_state *state, const struct place *place,
                         const struct joined *pod, struct error *err)
{
        AUTO_JOINED struct joined member = { 0 };
        AUTO_CLOSE int lock = -1;

        pod_describe_member(state, place, pod, &member);
        if (!member.network_count)
                return 0;
        lock = member_lock(place_runtime(), err);
        if (lock < 0 || member_write(place_runtime(), &member, err) < 0)
                return -1;
        return names_share(place_runtime(), &member, err);
}

int pod_join_network(const struct container_spec *spec, const struct container_state *state,
                     const struct place *place, struct netjoin *ret, struct error *err)
{
        AUTO_FREE char *path = pod_path(spec->pod, "net");
        AUTO_FREE char *label = pod_label(spec->pod);

        ret->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (ret->fd < 0)
                return error_errno(err, errno, "cannot open the pod's network namespace %s", path);
        ret->path = str_format("/proc/%d/fd/%d", (int)getpid(), ret->fd);
        if (member_read(place_runtime(), label, &ret->joined, err) < 0)
                return error_wrap(err, "pod '%s'", spec->pod);
        /* Without networks there is a loopback only. */
        ret->is_joined = ret->joined.network_count > 0;
        return pod_add_names(state, place, &ret->joined, err);
}

/* --- the end */

void pod_leave(const struct container_state *state)
{
        AUTO_MEMBERS struct pod_members members = { 0 };
        AUTO_POD struct pod pod = { 0 };
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *said = NULL;

        if (!state->pod || pod_read(state->pod, &pod, NULL) < 0 || pod.unit ||
            pod.status != POD_RUNNING || !str_equal(pod.exit_policy, "stop") ||
            pod_list_members(pod.name, &members, NULL) < 0 || members.count)
                return;
        strv_append(&words, BINDIR "/crunit");
        strv_append(&words, "pod");
        strv_append(&words, "stop");
        strv_append(&words, "--ignore");
        strv_append(&words, pod.name);
        spawn_run(&words, NULL, SPAWN_BOTH, &said, NULL);
}
