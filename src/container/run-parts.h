/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of run.h share: one run, from the first check to the last trace, and its steps.
 *
 * run.c has the order of the steps. A step may rely on what the ones before it have set. None
 * cleans up after a failure: run.c undoes whatever is there by then.
 */
#pragma once

#include "run.h"

#include "../image/store.h"
#include "backing.h"
#include "console.h"
#include "crun.h"
#include "fetch.h"
#include "gate.h"
#include "guard.h"
#include "ids.h"
#include "netjoin.h"
#include "nsjoin.h"
#include "place.h"
#include "plan.h"
#include "pump.h"
#include "rootfs.h"
#include "state.h"
#include "writable.h"

#include <signal.h>

/* Beside each member: the step that sets it. The run owns all of them that are not borrowed. */
struct run {
        struct container_spec *spec;         /* borrowed; see run_container() */
        const struct run_settings *settings; /* borrowed */
        void (*warn)(const char *line);      /* of the caller */
        sigset_t signals;                    /* as they were; before the first step */

        struct guard guard;           /* the check, in a unit's cgroup */
        struct netjoin netjoin;       /* the check; the network's steps carry it on */
        struct secret_value *secrets; /* reading secrets; one for each of the spec's */
        struct store store;           /* finding the image; closed when the layers are mounted */
        struct image image;           /* finding the image; empty for a root from a directory */
        struct backing backing;       /* finding the image; mounted after the root, filled last */

        struct place place;           /* the claim */
        struct container_state state; /* the claim, the network, and the creation, about the init */
        char *cgroup;                 /* the claim: the path of this process's; NULL: none */
        bool claimed;                 /* the claim: the run directory is ours */
        struct ids ids;               /* the namespaces */
        struct nsjoin nsjoin;         /* the namespaces; mounted after the root */

        struct crun crun;        /* the beginning of crun */
        struct crun_stdio stdio; /* the beginning of crun; borrowed: null, the pump's, ours */
        struct console console;  /* the beginning of crun, for a container with a terminal */
        struct pump pump;        /* the beginning of crun, where output goes through the log pump */
        int null;                /* the beginning of crun: /dev/null, or -1 */
        bool loud;        /* the beginning of crun: its messages reach the user by themselves */
        struct gate gate; /* the beginning of crun, where it waits for its configuration */
        pid_t creating;   /* the beginning of crun, there, else the creation; 0: not yet */

        struct writable writable; /* the root; a detached run closes it before the hand-over */
        struct rootfs rootfs;     /* the root */
        int root;                 /* the root: the mounted root file system, or -1 */

        struct plan plan; /* the plan */

        bool checked;   /* the creation: units check its health */
        bool announced; /* the hand-over: systemd has made those units */
};

/* How images are got; it borrows from the run. */
struct fetch run_fetch(const struct run *run);

/* run-root.c: mounts of our own, in them the root file system, the volumes and images beside it. */
int run_leave_mounts(struct run *run, struct error *err);
int run_mount_root(struct run *run, struct error *err);
int run_mount_others(struct run *run, struct error *err);

/* run-network.c: begin them early, go on with what is there before the plan, wait for the rest. */
bool run_wants_empty_network(const struct container_spec *spec);
/* The path of the guard's network, or NULL. It is good for this start alone: crun hears of it, and
 * config.json says nothing but that there is an empty one. */
const char *run_passing_network(const struct run *run);
int run_begin_namespaces(struct run *run, struct error *err);
int run_accept_network(struct run *run, struct error *err);
int run_finish_network(struct run *run, struct error *err);

/* run-claim.c: the ports of --publish-all; then the name is the run's alone and its state is
 * described. */
int run_publish_all(struct run *run, struct error *err);
int run_claim(struct run *run, struct error *err);
/* An error for steps that cannot do without the path of the group. */
int run_need_cgroup(const struct run *run, struct error *err);

/* run-create.c: crun begins as early as it can; and from the plan to an init that waits for its
 * start. */
int run_begin_crun(struct run *run, struct error *err);
int run_create(struct run *run, struct error *err);
