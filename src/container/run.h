/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of a container up to the moment somebody else watches it.
 *
 * Detached (`-d`, in a unit): everything is prepared, crun creates the container, systemd is told
 * its init (handover.h), the program starts, and this process can go. In the foreground it stays
 * (attach.h) and removes what the container leaves.
 *
 * Until then nothing outlasts a failure: mounts are in a mount namespace of our own, processes are
 * killed, files removed. What kill -9 leaves, the next start of the same container or the sweep
 * after any start removes.
 */
#pragma once

#include "../base/error.h"
#include "spec.h"

struct run_settings {
        const char *storage;           /* the store's directory */
        const struct strv *additional; /* directories of stores that are only read */
        const char *runtime;           /* crun: path or name, or NULL */
        char *const *words; /* the command line behind "run", for `crunit start`; or NULL */
};

/*
 * Run it. ret_status is set in any case: on success what this process exits with (of a container in
 * the foreground its own status), on failure 125, 126 or 127 as podman has them, or 128 + N if
 * signal N made us stop. On failure err may have no message: then it was printed by crun.
 * spec->name is filled in where it is missing. warn is called with each line for the user.
 */
int run_container(struct container_spec *spec, const struct run_settings *settings,
                  void (*warn)(const char *line), int *ret_status, struct error *err);
