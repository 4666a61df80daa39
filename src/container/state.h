/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.json: what is known of a container while it runs, in its run directory (place.h). Written
 * once by `crunit run` before the container may be seen, again when its init exists, and read by
 * all other commands and by whoever likes: the members are an interface.
 *
 *   version      1; a reader refuses a higher one
 *   id           64 hex digits            name         the container's name
 *   image        id of the image, hex     imageName    its full name
 *   rootfs       the path of --rootfs
 *   starter      {"pid": N, "start": N}: the `crunit run` that starts it or, in the foreground,
 *                stays beside it; start is in clock ticks since boot, as in /proc/PID/stat
 *   pid          of the container's init, 0 while it does not exist yet
 *   pidStart     its start time
 *   unit         "web.service"; missing for a run from a shell
 *   bundle       the run directory        writable     upper, work, volumes; missing with --rootfs
 *   keep         the writable layer stays for the next start
 *   created      RFC 3339, UTC            command      list, what the init executes
 *   stopSignal   "SIGTERM"                stopTimeout  seconds
 *   labels, annotations, networks, ports  lists of strings as in spec.h
 *   secrets      "NAME,type=mount,target=…" or "NAME,type=env,target=…"; never a value
 *   volumes      names of the volumes that are mounted
 *   images       ids of images that are mounted beside its own
 *   mounts       what --volumes-from gives to others: a JSON object each, as text (volumes-from.c)
 *   cgroup       path of the init's group foreground   `crunit run` stays until the end
 *   logDriver    journald, passthrough, none
 *   pod, podId   name and id of the pod that it belongs to; missing where there is none
 *   ipc          mode of --ipc; missing where none was given
 *   uid, gid     of the user its program runs as, in the container
 *   oomKills     processes that were killed in its group for want of memory before it began
 *   oomKilled    of one that has ended and is kept: some of its own were
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "process.h"

struct json_object;

enum {
        STATE_VERSION = 1
};

struct container_state {
        char *id, *name, *image, *image_name, *rootfs; /* owned, as all strings here */
        struct process_id starter, init;
        char *unit, *bundle, *writable, *created, *cgroup;
        struct strv command, labels, annotations, networks, ports, secrets, volumes, images, mounts;
        char *stop_signal, *log_driver, *pod, *pod_id, *ipc;
        unsigned stop_timeout;
        uint32_t uid, gid, oom_kills;
        bool keep, foreground, oom_killed;
};

void state_free(struct container_state *state);
#define AUTO_STATE CLEANUP(state_free)

struct json_object *state_to_json(const struct container_state *state); /* owned by the caller */
int state_from_json(struct json_object *object, struct container_state *ret, struct error *err);

/* In a run directory; ENOENT where there is none. */
int state_read(const char *run, struct container_state *ret, struct error *err);
int state_write(const char *run, const struct container_state *state, struct error *err);

/* Does any process stand behind it? While it is being started, that is the starter. */
bool state_alive(const struct container_state *state);

/*
 * The container of that name (the live one, else any), or, where no name is like that, with an id
 * that begins so, with at least four digits. ENOENT where there is none, EEXIST where several ids
 * begin so. ret_run (owned by the caller) is its run directory.
 */
int state_find(const char *name, struct container_state *ret, char **ret_run, struct error *err);

/* The same for one whose namespaces are to be joined: ESRCH where it is not there or does not run.
 * What is opened of its init is the container's if that still lives afterwards:
 * state_check_running(). */
int state_find_running(const char *name, struct container_state *ret, char **ret_run,
                       struct error *err);
int state_check_running(const struct container_state *state, struct error *err);
