/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit pod slice NAME, for `crunit pod create`: make the slice of a pod that has limits. */
#include "../base/log.h"
#include "../container/interrupt.h"
#include "../container/unit-limits.h"
#include "commands.h"
#include "pod-options.h"

/* A unit that has this slice may make systemd keep it, or the transient one of an earlier time. */
static int slice_change(struct manager *manager, const struct pod *pod,
                        const struct container_spec *spec, struct error *err)
{
        AUTO_UNIT_LIMITS struct unit_limits limits;

        unit_limits_describe(spec, true, &limits);
        if (manager_change(manager, pod->slice, limits.properties, limits.count, err) < 0)
                return -1;
        return manager_start(manager, pod->slice, err);
}

static int slice_make(const struct pod *pod, const struct container_spec *spec, struct error *err)
{
        AUTO_MANAGER struct manager *manager = NULL;
        AUTO_UNIT_LIMITS struct unit_limits limits = { 0 };
        AUTO_ERROR struct error why = { 0 };
        sigset_t signals;
        int made;

        interrupt_block(&signals);
        if (manager_open(&manager, err) < 0)
                return -1;
        unit_limits_describe(spec, false, &limits);
        made = manager_start_transient(manager, pod->slice, limits.properties, limits.count, NULL,
                                       NULL, &why);
        if (made < 0 && why.code == EEXIST) {
                error_clear(&why);
                made = slice_change(manager, pod, spec, &why);
        }
        if (made > 0)
                return 0;
        return error_set(err, why.code ? why.code : EIO, "%s",
                         why.message ? why.message : "the slice does not start");
}

static int pod_slice(const char *name, struct error *err)
{
        AUTO_POD_REQUEST struct pod_request request;
        AUTO_POD struct pod pod = { 0 };

        pod_request_init(&request);
        if (pod_read(name, &pod, err) < 0 ||
            pod_request_parse(&pod.words, pod.directory, &request, err) < 0)
                return -1;
        return pod.slice ? slice_make(&pod, &request.spec, err) : 0;
}

int cmd_pod_slice(const struct cmd *cmd, int argc, char **argv)
{
        AUTO_ERROR struct error err = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, NULL, 1, 1, &first, &status))
                return status;
        if (pod_slice(argv[first], &err) == 0)
                return EXIT_SUCCESS;
        return log_failure(&err);
}
