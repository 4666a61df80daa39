/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The name, the id and the directory of a run: from here on others find the container. */
#include "run-parts.h"

#include "../base/stamp.h"
#include "cgroup.h"
#include "claim.h"
#include "pod-join.h"
#include "secret-option.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        RUN_SHORT_ID = 12,
};

static void run_describe(struct run *run)
{
        static const char *const drivers[] = { [SPEC_LOG_JOURNALD] = "journald",
                                               [SPEC_LOG_PASSTHROUGH] = "passthrough",
                                               [SPEC_LOG_NONE] = "none" };
        const struct container_spec *spec = run->spec;
        struct container_state *state = &run->state;

        state->name = str_dup(spec->name);
        state->image = str_dup(run->image.id);
        state->image_name = str_dup(run->image.name ? run->image.name : spec->image);
        state->rootfs = str_dup(spec->rootfs);
        state->bundle = str_dup(run->place.run);
        state->created = stamp_now();
        state->keep = !spec->remove;
        state->ipc = str_dup(str_empty(spec->ipc) ? NULL : spec->ipc);
        state->log_driver = str_dup(drivers[spec->log_driver]);
        state->foreground = !spec->detach;
        if (!spec->rootfs || spec->rootfs_overlay)
                state->writable = str_dup(run->place.data);
        strv_append_all(&state->labels, &run->image.config.labels);
        strv_append_all(&state->labels, &spec->labels);
        strv_append_all(&state->annotations, &spec->annotations);
        strv_append_all(&state->networks, &spec->networks);
        strv_append_all(&state->ports, &spec->publish);
        for (size_t i = 0; i < spec->secret_count; i++)
                strv_append_owned(&state->secrets, secret_option_text(&spec->secrets[i]));
        backing_describe(&run->backing, spec, state);
        if (run->cgroup && spec->cgroups_split)
                state->unit = cgroup_unit(run->cgroup);
}

/* NUMBER[/PROTOCOL] twice; a port without a protocol is one of TCP. */
static bool run_is_same_port(const char *one, const char *other)
{
        size_t length = strcspn(one, "/");
        const char *kind = one[length] ? one + length : "/tcp";

        return strcspn(other, "/") == length && strncmp(one, other, length) == 0 &&
               str_equal(kind, other[length] ? other + length : "/tcp");
}

/* A port that the image exposes, or --expose does, on one of the host's that is free. */
static void run_publish_one(struct container_spec *spec, const char *port)
{
        for (size_t i = 0; i < spec->publish.count; i++) {
                const char *inside = strrchr(spec->publish.items[i], ':');

                if (run_is_same_port(inside ? inside + 1 : spec->publish.items[i], port))
                        return;
        }
        strv_append(&spec->publish, port);
}

int run_publish_all(struct run *run, struct error *err)
{
        struct container_spec *spec = run->spec;
        AUTO_STRV struct strv ports = { 0 };

        (void)err;
        if (!spec->publish_all)
                return 0;
        strv_append_all(&ports, &run->image.config.exposed_ports);
        strv_append_all(&ports, &spec->expose);
        for (size_t i = 0; i < ports.count; i++)
                run_publish_one(spec, ports.items[i]);
        return 0;
}

/* A container that a shell wants detached keeps the id that it was announced with. */
static char *run_choose_id(void)
{
        const char *given = getenv("CRUNIT_CONTAINER_ID");

        if (given && strlen(given) == STAMP_ID_DIGITS &&
            strspn(given, "0123456789abcdef") == STAMP_ID_DIGITS)
                return str_dup(given);
        return stamp_new_id(STAMP_ID_DIGITS);
}

int run_need_cgroup(const struct run *run, struct error *err)
{
        return run->cgroup ? 0 : error_set(err, ENODATA, "this process is in no control group");
}

/* The name is ours, nothing of an earlier run is left. */
int run_claim(struct run *run, struct error *err)
{
        struct container_spec *spec = run->spec;

        cgroup_of(getpid(), &run->cgroup, NULL);
        run->state.id = run_choose_id();
        if (!spec->name)
                spec->name = str_dupn(run->state.id, RUN_SHORT_ID);
        if (place_own(spec->name, run->settings->storage, &run->place, err) < 0 ||
            pod_join(spec, &run->state, err) < 0)
                return -1;
        run_describe(run);
        if (process_identify(getpid(), &run->state.starter, err) < 0)
                return -1;
        if (run->place.systemd && spec->cgroups_split &&
            (run_need_cgroup(run, err) < 0 ||
             cgroup_kill_leftovers(run->cgroup, &run->state.starter, err) < 0))
                return -1;
        if (claim_name(&run->place, &run->state, spec->replace, err) < 0)
                return -1;
        run->claimed = true;
        return 0;
}
