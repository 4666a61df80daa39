/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pod-slice.h"

#include "../base/slice.h"
#include "../base/spawn.h"

enum {
        SLICE_NOT_LOADED = 5 /* systemctl's exit status for a unit that systemd does not know */
};

char *pod_slice_name(const struct pod *pod)
{
        AUTO_FREE char *unit = str_concat("crunit-pod-", pod->name, ".service");

        return slice_name("system", pod->unit ? pod->unit : unit);
}

int pod_slice_start(const struct pod *pod, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *said = NULL;
        int status;

        if (!pod->slice)
                return 0;
        strv_append(&words, BINDIR "/crunit");
        strv_append(&words, "pod");
        strv_append(&words, "slice");
        strv_append(&words, pod->name);
        status = spawn_run(&words, NULL, SPAWN_STDOUT, &said, err);
        if (status < 0)
                return -1;
        return status ? error_set(err, EIO, "%s, which has the pod's limits, cannot be made",
                                  pod->slice)
                      : 0;
}

int pod_slice_stop(const struct pod *pod, struct error *err)
{
        AUTO_STRV struct strv words = { 0 };
        AUTO_FREE char *said = NULL;
        int status;

        if (!pod->slice)
                return 0;
        strv_append(&words, "systemctl");
        strv_append(&words, "stop");
        /* Otherwise it would also take back that its containers start again with the pod. */
        strv_append(&words, "--job-mode=ignore-dependencies");
        strv_append(&words, "--");
        strv_append(&words, pod->slice);
        status = spawn_run(&words, NULL, SPAWN_BOTH, &said, err);
        if (status < 0)
                return -1;
        return status && status != SLICE_NOT_LOADED
                       ? error_set(err, EIO, "cannot stop %s: %s", pod->slice, said ? said : "")
                       : 0;
}
