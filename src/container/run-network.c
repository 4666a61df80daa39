/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespaces of a run and its network, which others make while the run goes on. */
#include "run-parts.h"

/* One that has to belong to a user namespace is made in it. */
bool run_wants_empty_network(const struct container_spec *spec)
{
        return spec->network == SPEC_NETWORK_NONE && !spec_shares(spec, SPEC_SHARE_NET) &&
               str_empty(spec->userns);
}

/* The namespaces that others' work begins with. */
int run_begin_namespaces(struct run *run, struct error *err)
{
        const char *storage = run->settings->storage;
        bool forget = str_has_prefix(run->state.id, run->spec->name);

        if (ids_begin(run->spec, &run->image, &run->place, storage, forget, &run->ids, err) < 0)
                return -1;
        if (nsjoin_begin(run->spec, run->ids.namespaces.user, &run->nsjoin, err) < 0)
                return -1;
        return netjoin_begin(run->spec, &run->state, &run->place, storage, run->ids.network_path,
                             &run->netjoin, err);
}

/* The whole network has to be there; what comes with it is said. */
int run_finish_network(struct run *run, struct error *err)
{
        const struct strv *notes = &run->netjoin.joined.notes;
        size_t said = notes->count;

        if (netjoin_finish(&run->netjoin, err) < 0)
                return -1;
        for (size_t i = said; i < notes->count; i++)
                run->warn(notes->items[i]);
        return 0;
}

/* Settings of a namespace's links, which crun makes, need the links. */
static bool run_sets_network(const struct container_spec *spec)
{
        for (size_t i = 0; i < spec->sysctls.count; i++)
                if (str_has_prefix(spec->sysctls.items[i], "net."))
                        return true;
        return false;
}

static bool run_takes_empty_network(const struct run *run)
{
        return run_wants_empty_network(run->spec) && !run->ids.path;
}

const char *run_passing_network(const struct run *run)
{
        return run_takes_empty_network(run) ? run->netjoin.path : NULL;
}

/* Without it, crun makes one. */
static void run_take_empty_network(struct run *run)
{
        AUTO_FREE char *path = NULL;

        if (!run_takes_empty_network(run))
                return;
        path = guard_take_network(&run->guard);
        if (path)
                netjoin_open(path, &run->netjoin, NULL);
}

/* The namespace is there by now, most times, and its links when crun has done its work. */
int run_accept_network(struct run *run, struct error *err)
{
        const struct joined *joined = &run->netjoin.joined;
        struct container_state *state = &run->state;

        run_take_empty_network(run);
        if (netjoin_take(&run->netjoin, err) < 0)
                return -1;
        for (size_t i = 0; i < joined->notes.count; i++)
                run->warn(joined->notes.items[i]);
        if (!run->netjoin.is_joined)
                return 0;
        strv_free(&state->ports);
        strv_append_all(&state->ports, &joined->ports);
        strv_free(&state->networks);
        for (size_t i = 0; i < joined->network_count; i++)
                strv_append(&state->networks, joined->networks[i].network);
        return run_sets_network(run->spec) ? run_finish_network(run, err) : 0;
}
