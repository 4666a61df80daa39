/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pod-up.h"

#include "../base/log.h"
#include "../container/ids.h"
#include "../container/place.h"
#include "../container/pod-hold.h"
#include "../container/pod-slice.h"
#include "../container/spec-network.h"
#include "../network/network.h"

#include <sched.h>

static int pod_describe_network(const struct network_setup *setup, const struct pod *pod,
                                const struct container_spec *spec, const struct ids *ids,
                                struct join_request *ret, struct error *err)
{
        ret->storage = str_dup(setup->context.storage);
        ret->runtime = str_dup(setup->context.runtime);
        ret->label = pod_label(pod->name);
        ret->name = str_dup(pod->name);
        ret->id = str_dup(pod->id);
        ret->namespace = str_dup(ids->network_path);
        strv_append_all(&ret->aliases, &spec->network_aliases);
        strv_append(&ret->aliases, pod->hostname);
        strv_append_all(&ret->ports, &spec->publish);
        spec_add_servers(spec, ret);
        if (spec->network == SPEC_NETWORK_DEFAULT)
                return spec_add_network(spec, NETWORK_DEFAULT, ret, err);
        for (size_t i = 0; spec->network == SPEC_NETWORK_OTHER && i < spec->networks.count; i++)
                if (spec_add_network(spec, spec->networks.items[i], ret, err) < 0)
                        return -1;
        return 0;
}

/* The namespace; -1 in *ret where the pod has none of its own. */
static int pod_connect(const struct network_setup *setup, const struct pod *pod,
                       const struct pod_request *request, const struct ids *ids, int *ret,
                       struct error *err)
{
        AUTO_JOIN struct join_request join = { 0 };
        AUTO_JOINED struct joined joined = { 0 };

        if (!strv_contains(&pod->namespaces, "net"))
                return 0;
        if (pod_describe_network(setup, pod, &request->spec, ids, &join, err) < 0 ||
            connect_join(&setup->context, &join, &joined, ret, err) < 0)
                return -1;
        for (size_t i = 0; i < joined.notes.count; i++)
                log_warning("pod '%s': %s", pod->name, joined.notes.items[i]);
        return 0;
}

/* The user namespace, and the others that are to belong to it. */
static int pod_begin_ids(const struct network_setup *setup, const struct pod *pod,
                         const struct pod_request *request, struct ids *ret, struct error *err)
{
        const struct strv *namespaces = &pod->namespaces;
        AUTO_FREE char *label = pod_label(pod->name);
        int kinds = (strv_contains(namespaces, "net") ? CLONE_NEWNET : 0) |
                    (strv_contains(namespaces, "ipc") ? CLONE_NEWIPC : 0) |
                    (strv_contains(namespaces, "uts") ? CLONE_NEWUTS : 0);

        if (!strv_contains(namespaces, "user"))
                return 0;
        if (ids_begin_pod(&request->spec, label, setup->context.storage,
                          str_has_prefix(pod->id, pod->name), kinds, ret, err) < 0)
                return -1;
        if (!ids_mapped(ret))
                return error_set(err, EINVAL, "--userns %s: that is the machine's own",
                                 request->spec.userns);
        return 0;
}

static int pod_make(const struct network_setup *setup, const struct pod *pod,
                    const struct pod_request *request, struct error *err)
{
        AUTO_CLOSE int network = -1;
        CLEANUP(ids_free) struct ids ids = IDS_NONE;
        struct pod_hold hold = { .pod = pod,
                                 .ids = &ids,
                                 .shm_size = request->spec.shm_size,
                                 .sysctls = &request->spec.sysctls };

        if (pod_slice_start(pod, err) < 0 || pod_begin_ids(setup, pod, request, &ids, err) < 0 ||
            pod_connect(setup, pod, request, &ids, &network, err) < 0)
                return -1;
        hold.network = network;
        return pod_hold(&hold, err);
}

int pod_up(const struct network_setup *setup, struct pod *pod, const struct pod_request *request,
           struct error *err)
{
        if (pod_make(setup, pod, request, err) == 0) {
                pod->status = POD_RUNNING;
                if (pod_write(pod, err) == 0)
                        return 0;
        }
        pod_down(setup, pod, NULL);
        return -1;
}

int pod_down(const struct network_setup *setup, const struct pod *pod, struct error *err)
{
        AUTO_FREE char *label = pod_label(pod->name);

        if (connect_leave(&setup->context, label, err) < 0)
                return -1;
        return pod_release(pod->name, err) < 0 ? -1 : pod_slice_stop(pod, err);
}

void pod_sweep_all(const struct network_setup *setup)
{
        pod_sweep();
        connect_sweep(&setup->context);
}
