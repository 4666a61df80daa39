/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network of a container that starts: made by crunit-network (network/connect.h) in a process
 * of its own, or another's namespace that is joined. The host's is no business of this, nor
 * is the making of an empty one.
 *
 * crunit-network begins to load as early as can be, hears what is wanted when the name is claimed,
 * and makes the network while crunit mounts, plans and has crun create the container: the program
 * must not start before all of it is there.
 */
#pragma once

#include "../base/error.h"
#include "../network/join.h"
#include "place.h"
#include "spec.h"
#include "state.h"

#include <signal.h>

struct netjoin {
        pid_t helper;       /* crunit-network, until it has said all; or 0 */
        int hold;           /* owned, as all here; it ends when this is closed; or -1 */
        int answer;         /* where it says what came of it, or -1 */
        struct strbuf said; /* of that, what has not been taken */
        int fd;             /* the namespace, or -1 */
        char *path;         /* of the namespace, while this process lives; or NULL */
        bool is_joined;
        struct joined joined;      /* with is_joined */
        char *hosts, *resolv_conf; /* of the container whose network it shares, or NULL */
};

#define NETJOIN_NONE                                                                               \
        {                                                                                          \
                .hold = -1, .answer = -1, .fd = -1                                                 \
        }

/* Execute the helper, if one will be needed, with these signals blocked. */
int netjoin_prepare(const struct container_spec *spec, const sigset_t *signals, struct netjoin *ret,
                    struct error *err);

/* Begin what takes its time. storage: the store's directory; namespace: path of the one to make it
 * in, or NULL for a new one. */
int netjoin_begin(const struct container_spec *spec, const struct container_state *state,
                  const struct place *place, const char *storage, const char *namespace,
                  struct netjoin *ret, struct error *err);

/* Join the namespace at that path. */
int netjoin_open(const char *path, struct netjoin *netjoin, struct error *err);

/* Wait until the namespace is there, and what it will get is known; -1 with code EINTR when we were
 * told to stop. */
int netjoin_take(struct netjoin *netjoin, struct error *err);

/* Wait until all is there; once more is nothing. What it has to say is appended to joined.notes. */
int netjoin_finish(struct netjoin *netjoin, struct error *err);
void netjoin_free(struct netjoin *netjoin);

/* The container of this run directory has ended: take back what the machine holds for it. Nothing
 * is done, and nothing executed, where that is nothing. */
int netjoin_leave(const char *run, struct error *err);

/* The same for all whose run directories are gone. */
void netjoin_sweep(void);
