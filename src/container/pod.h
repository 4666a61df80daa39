/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pods: namespaces that several containers share, held by mounts and by no process. All of a pod
 * is in RUNTIME/pods/NAME:
 *
 *   pod.json         who it is, below
 *   net, ipc, uts    the namespaces, bound to files
 *   user             the one that they belong to, where there is one
 *   shm              the file system in memory that its containers have at /dev/shm
 *
 * The unit of a pod has RUNTIME/pod-units/NAME as its RuntimeDirectory=. When systemd has removed
 * that, the pod has no owner any more, whatever became of the unit's last command.
 *
 * In the network's files (../network/member.h) the pod's label is "@NAME".
 *
 * pod.json: {version 1, id, name, created, unit, owner (that directory), status "creating" |
 * "running" | "stopped", starter {pid, start}, hostname, exitPolicy "stop" | "continue", namespaces
 * ["net" …], directory, words [what `crunit pod create` was called with, in that directory], slice
 * (the transient unit that has its limits, where it has any and no file says so)}
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"
#include "process.h"
#include "state.h"

enum {
        POD_VERSION = 1
};

enum pod_status {
        POD_CREATING, /* its starter makes it, or was killed doing that */
        POD_RUNNING,
        POD_STOPPED, /* known, but with no namespaces */
};

struct pod {
        char *id, *name, *created, *unit, *owner, *hostname, *exit_policy, *directory,
                *slice; /* owned */
        enum pod_status status;
        struct process_id starter;
        struct strv namespaces; /* those that are held: net, ipc, uts, user */
        struct strv words;
};

void pod_free(struct pod *pod);
#define AUTO_POD CLEANUP(pod_free)

/* RUNTIME/pods/NAME, and a file in it; owned by the caller. */
char *pod_directory(const char *name);
char *pod_path(const char *name, const char *file);
/* "@NAME"; owned by the caller. */
char *pod_label(const char *name);

/* ENOENT where there is none. */
int pod_read(const char *name, struct pod *ret, struct error *err);
int pod_write(const struct pod *pod, struct error *err);
/* By its name, or the beginning of its id. */
int pod_find(const char *name_or_id, struct pod *ret, struct error *err);
/* The names of all pods, sorted. */
int pod_list(struct strv *ret, struct error *err);

/* Hold pods still: while the descriptor is open, none comes or goes. */
int pod_lock(struct error *err);

/* The unit that this process acts for ("web-pod.service", borrowed), as its file says; or NULL. */
const char *pod_own_unit(void);
/* The directory that is there as long as that unit is, if it has one for a pod of this name; owned
 * by the caller. */
char *pod_own_directory(const char *name);
/* Is the pod that unit's, or nobody's where there is none? */
bool pod_is_own(const struct pod *pod);
/* Whether somebody stands behind it: it is running, or being made, and its unit is there. */
bool pod_alive(const struct pod *pod);

struct pod_member {
        char *run; /* owned; its run directory */
        struct container_state state;
};

struct pod_members {
        struct pod_member *items; /* owned */
        size_t count;
};

void pod_members_free(struct pod_members *members);
#define AUTO_MEMBERS CLEANUP(pod_members_free)

/* The containers that live and belong to it. */
int pod_list_members(const char *name, struct pod_members *ret, struct error *err);
