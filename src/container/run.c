/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-parts.h"

#include "../base/json.h"
#include "../base/notify.h"
#include "attach.h"
#include "cdi.h"
#include "cgroup.h"
#include "claim.h"
#include "create.h"
#include "device-filter.h"
#include "handover.h"
#include "health-start.h"
#include "health-unit.h"
#include "interrupt.h"
#include "pod-join.h"
#include "pod.h"
#include "prepare.h"
#include "refusal.h"
#include "secret-files.h"
#include "stop.h"
#include "volumes-from.h"

#include <sys/mount.h>

enum {
        RUN_FAILURE = 125,
        RUN_HEALTH_PATIENCE = 60 * 1000, /* milliseconds in which its health gets its units */
        RUN_HEALTH_PATIENCE_HERE = 2000, /* likewise, in the foreground */
};

static void run_free(struct run *run)
{
        store_close(&run->store);
        image_free(&run->image);
        place_free(&run->place);
        ids_free(&run->ids);
        state_free(&run->state);
        writable_close(&run->writable);
        rootfs_free(&run->rootfs);
        backing_free(&run->backing);
        cleanup_close(&run->root);
        cleanup_close(&run->null);
        gate_close(&run->gate);
        free(run->cgroup);
        plan_free(&run->plan);
        crun_close(&run->crun);
        console_close(&run->console);
        pump_close(&run->pump);
        guard_release(&run->guard);
        netjoin_free(&run->netjoin);
        nsjoin_free(&run->nsjoin);
        secret_values_free(run->secrets, run->spec->secret_count);
}

/* What has to hold before anything is touched. */
static int run_check(struct run *run, struct error *err)
{
        if (geteuid() != 0)
                return error_set(err, EPERM,
                                 "containers of users are not supported by this version: run it "
                                 "as root");
        if (run->spec->detach && !handover_possible())
                return error_set(err, EINVAL,
                                 "-d needs systemd, which watches the container: leave it out");
        if (spec_check_supported(run->spec, err) < 0)
                return -1;
        for (size_t i = 0; i < run->spec->notes.count; i++)
                run->warn(run->spec->notes.items[i]);
        if (run->spec->cgroups_split &&
            guard_start(run_wants_empty_network(run->spec), &run->guard, err) < 0)
                return -1;
        return netjoin_prepare(run->spec, &run->signals, &run->netjoin, err);
}

static int run_find_devices(struct run *run, struct error *err)
{
        return cdi_apply(run->spec, err);
}

static int run_find_mounts(struct run *run, struct error *err)
{
        return volumes_from_apply(run->spec, run->settings->storage, run->warn, err);
}

/* A secret that is missing is told before an image is pulled. */
static int run_read_secrets(struct run *run, struct error *err)
{
        if (!run->spec->secret_count)
                return 0;
        return secret_values_read(run->spec, &run->secrets, err);
}

struct fetch run_fetch(const struct run *run)
{
        return (struct fetch){ .spec = run->spec,
                               .storage = run->settings->storage,
                               .additional = run->settings->additional,
                               .signals = &run->signals,
                               .warn = run->warn };
}

static int run_find_image(struct run *run, struct error *err)
{
        const struct fetch fetch = run_fetch(run);

        if (backing_find(&fetch, &run->backing, err) < 0)
                return -1;
        return run->spec->rootfs ? 0 : fetch_image(&fetch, &run->store, &run->image, err);
}

/* The limit of processes nobody asked for is dropped where no controller could hold it. */
static void run_drop_default_limit(struct run *run)
{
        struct json_object *linux_part = NULL, *resources = NULL;

        if (run->spec->pids_limit || cgroup_has_controller("pids"))
                return;
        if (json_get_object(run->plan.config, "linux", &linux_part, NULL) == 0 && linux_part &&
            json_get_object(linux_part, "resources", &resources, NULL) == 0 && resources)
                json_object_object_del(resources, "pids");
}

static int run_make_plan(struct run *run, struct error *err)
{
        AUTO_FREE char *volumes = str_format("%s/volumes", run->place.data);
        AUTO_FREE struct plan_source *sources = backing_sources(&run->backing);
        AUTO_FREE char *pod = run->spec->pod ? pod_directory(run->spec->pod) : NULL;
        AUTO_FREE char *filters = crun_filters();
        AUTO_FACTS struct plan_facts facts = {
                .id = run->state.id,
                .state_dir = run->place.run,
                .rootfs = "rootfs",
                .rootfs_fd = run->root,
                .volumes_dir = volumes,
                .sources = sources,
                .image_id = run->image.id,
                .notify_socket = getenv("NOTIFY_SOCKET"),
                .environment = environ,
                .listen_fds = crun_listen_fds(),
                .terminal = isatty(STDIN_FILENO),
                /* A script may call now this one, now that. */
                .runtime = run->crun.clone >= 0 ? run->crun.path : NULL,
                .filters = filters,
                .network = run_passing_network(run) ? NULL : run->netjoin.path,
                .others = &run->nsjoin.sharing,
                .joined = run->netjoin.is_joined ? &run->netjoin.joined : NULL,
                .secrets = run->secrets,
                .pod = pod,
                .shared_hosts = run->netjoin.hosts,
                .shared_resolv_conf = run->netjoin.resolv_conf,
                .user_namespace = run->ids.path,
                .uids = ids_mapped(&run->ids) ? &run->ids.uids : NULL,
                .gids = ids_mapped(&run->ids) ? &run->ids.gids : NULL,
                .namespace_user = run->ids.user,
        };

        if (facts_gather(&facts, err) < 0 ||
            plan_make(run->spec, run->spec->rootfs ? NULL : &run->image.config, &facts, &run->plan,
                      err) < 0)
                return -1;
        run_drop_default_limit(run);
        for (size_t i = 0; i < run->plan.notes.count; i++)
                run->warn(run->plan.notes.items[i]);
        return 0;
}

/* On the old hierarchies, and without the right to load programs into the kernel (systemd has none
 * either then), the unit runs as any other does there. */
static int run_confine_devices(struct run *run, struct error *err)
{
        AUTO_ERROR struct error failed = { 0 };

        if (!run->plan.devices)
                return 0;
        if (run_need_cgroup(run, err) < 0)
                return -1;
        if (device_filter_install(run->cgroup, run->plan.devices, &failed) == 0)
                return 0;
        if (failed.code != EPERM && failed.code != EINVAL && failed.code != ENOTSUP &&
            failed.code != EBADF)
                return error_set(err, failed.code, "%s", failed.message);
        run->warn("--device-policy closed has no effect: this machine's control groups cannot "
                  "confine devices");
        return 0;
}

static int run_prepare(struct run *run, struct error *err)
{
        struct prepare prepare = { .plan = &run->plan, .run = run->place.run, .root = run->root };
        const struct fetch fetch = run_fetch(run);
        bool mapped = ids_mapped(&run->ids);
        const struct volume_fill fill = { .root = run->root,
                                          .uid = run->plan.uid,
                                          .gid = run->plan.gid,
                                          .uids = mapped ? &run->ids.uids : NULL,
                                          .gids = mapped ? &run->ids.gids : NULL };

        if (backing_fill(&run->backing, &fetch, &fill, err) < 0 ||
            secret_files_write(run->spec, run->secrets, &run->ids, run->place.run, err) < 0)
                return -1;
        return prepare_container(&prepare, err);
}

/* In order; each may be interrupted before it begins. */
static int run_until_created(struct run *run, struct error *err)
{
        static int (*const steps[])(struct run *, struct error *) = {
                run_check,          run_find_devices,   run_find_mounts,     run_read_secrets,
                run_find_image,     run_publish_all,    run_claim,           run_begin_namespaces,
                run_leave_mounts,   run_begin_crun,     run_mount_root,      run_mount_others,
                run_accept_network, run_make_plan,      run_confine_devices, run_prepare,
                run_create,         run_finish_network,
        };

        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
                if (interrupt_check(err) < 0 || steps[i](run, err) < 0)
                        return -1;
        return 0;
}

/* It runs: there is time for what helps the next one. Where it cannot be kept, that one does as
 * this one did. */
static void run_keep_filter(const struct run *run)
{
        AUTO_FREE char *filters = crun_filters();
        AUTO_FREE char *compiled = NULL;

        if (!run->plan.filter_key.text)
                return;
        compiled = str_format("%s/%s/seccomp.bpf", run->crun.root, run->crun.id);
        filter_cache_keep(filters, &run->plan.filter_key, run->crun.path, compiled, NULL);
}

/* Where systemd cannot make them now, it may when the container runs. */
static void run_announce_health(struct run *run)
{
        run->announced = run->checked && health_announce(&run->state, run->place.run, NULL) > 0;
}

/* It runs: now somebody asks. A unit that waits for the answer cannot do without. In a terminal
 * somebody waits for us, elsewhere nobody does. */
static int run_watch_health(struct run *run, struct error *err)
{
        AUTO_ERROR struct error why = { 0 };
        unsigned patience = run->spec->detach ? RUN_HEALTH_PATIENCE : RUN_HEALTH_PATIENCE_HERE;

        if (!run->checked ||
            health_start(&run->state, run->place.run, run->announced, patience, &why) == 0)
                return 0;
        if (run->spec->notify == SPEC_NOTIFY_HEALTHY || why.code == EINTR)
                return error_set(err, why.code, "%s", why.message);
        run->warn(why.message);
        return 0;
}

static int run_detached(struct run *run, struct error *err)
{
        static const char *const states[] = {
                [SPEC_NOTIFY_CONMON] = "READY=1",
                [SPEC_NOTIFY_NONE] = "",
                /* It stays when the program is up and has no text of its own. */
                [SPEC_NOTIFY_CONTAINER] =
                        "STATUS=it is up when its program says READY=1 (Notify=yes)",
                [SPEC_NOTIFY_HEALTHY] = "STATUS=waiting until it is healthy (Notify=healthy)",
        };

        /* From here on the state says that it is in use. A container that ends at once is cleaned
         * up by `crunit stop`, which must not find it locked. */
        writable_close(&run->writable);
        run_announce_health(run);
        if (handover_main_process(run->state.init.pid, states[run->spec->notify], err) < 0)
                return -1;
        /* A stop that systemd began before it knew of the container runs no ExecStop=, and its
         * SIGTERM came before the barrier's answer: the program would never see it. */
        if (interrupt_check(err) < 0)
                return -1;
        if (handover_start(&run->crun, run->state.init.pid, err) < 0)
                return -1;
        run_keep_filter(run);
        return run_watch_health(run, err);
}

/* Everything of a container that has ended, but what was asked to stay. */
static void run_remove_traces(struct run *run, bool even_kept)
{
        if (run->crun.path && run->crun.cgroups != CRUN_CGROUPS_NONE) {
                AUTO_STRV struct strv args = { 0 };

                crun_command(&run->crun, "delete", &args);
                strv_append(&args, "--force");
                strv_append(&args, run->crun.id);
                crun_run_quiet(&run->crun, &args, NULL);
        }
        if (!run->claimed)
                return;
        /* Those of a service stop with it, but where they came first and it did not. */
        if (run->checked &&
            (run->announced || !str_has_suffix(run->state.unit ? run->state.unit : "", ".service")))
                health_unit_stop(&run->state, NULL);
        cleanup_close(&run->root);
        run->root = -1;
        backing_detach(&run->backing);
        nsjoin_detach(&run->nsjoin);
        if (run->rootfs.layers.count) {
                AUTO_FREE char *mounted = str_format("%s/rootfs", run->place.run);

                umount2(mounted, MNT_DETACH);
                rootfs_detach_layers(&run->rootfs, run->place.run, NULL);
                if (run->secrets)
                        secret_files_detach(run->place.run);
        }
        writable_close(&run->writable);
        writable_remove(run->place.data, even_kept, NULL);
        netjoin_free(&run->netjoin);
        netjoin_leave(run->place.run, NULL);
        ids_end(&run->ids, &run->place, run->settings->storage);
        place_remove(&run->place, NULL);
        pod_leave(&run->state);
}

static int run_foreground(struct run *run, int *ret_status, struct error *err)
{
        struct attach attach = {
                .init = run->state.init,
                .master = run->console.master,
                .interactive = run->spec->interactive,
                .timeout = run->spec->timeout,
                .stop_signal = run->state.unit ? run->plan.stop_signal : 0,
        };

        if (handover_start(&run->crun, run->state.init.pid, err) < 0)
                return -1;
        guard_release(&run->guard);
        if (run->spec->notify == SPEC_NOTIFY_CONMON)
                notify_send("READY=1");
        run_keep_filter(run);
        if (run_watch_health(run, err) < 0)
                return -1;
        if (attach_wait(&attach, ret_status, err) < 0)
                return -1;
        pump_wait(&run->pump);
        return 0;
}

/* What crun says it has said already where it is loud. */
static void run_explain(const struct run *run, struct error *err)
{
        AUTO_FREE char *said = str_dup(err->message);
        AUTO_FREE char *explained = refusal_explain(run->spec, said);

        if (run->loud)
                error_clear(err);
        if (explained)
                error_set(err, CREATE_REFUSED, "%s%s%s", run->loud ? "" : said,
                          run->loud ? "" : "; ", explained);
}

/* What failed, and the exit status for it; processes and files go. */
static void run_fail(struct run *run, int *ret_status, struct error *err)
{
        int signo = interrupt_take();

        *ret_status = signo ? 128 + signo : RUN_FAILURE;
        if (!signo && err->code == CREATE_REFUSED) {
                *ret_status = crun_error_status(err->message);
                run_explain(run, err);
        }
        stop_signal(&run->state, SIGKILL, NULL);
        /* A crun that was told to stop as well may have left the init to systemd. */
        if (run->claimed && run->place.systemd && run->spec->cgroups_split && run->spec->detach)
                cgroup_kill_younger();
        create_kill_children();
        /* A layer that nothing was ever written to is not worth keeping. */
        run_remove_traces(run, run->writable.fresh && !run->state.init.pid);
}

int run_container(struct container_spec *spec, const struct run_settings *settings,
                  void (*warn)(const char *line), int *ret_status, struct error *err)
{
        CLEANUP(run_free)
        struct run run = {
                .spec = spec,
                .settings = settings,
                .warn = warn,
                .store = STORE_NONE,
                .writable = { .fd = -1 },
                .root = -1,
                .crun = { .clone = -1 },
                .console = { -1, -1, NULL },
                .pump = PUMP_NONE,
                .null = -1,
                .gate = GATE_NONE,
                .guard = GUARD_NONE,
                .netjoin = NETJOIN_NONE,
                .nsjoin = NSJOIN_NONE,
                .ids = IDS_NONE,
        };
        int result;

        *ret_status = 0;
        interrupt_block(&run.signals);
        if (!spec->detach)
                attach_block_signals();
        result = run_until_created(&run, err);
        if (result == 0)
                result = spec->detach ? run_detached(&run, err)
                                      : run_foreground(&run, ret_status, err);
        if (result < 0) {
                run_fail(&run, ret_status, err);
                return -1;
        }
        if (!spec->detach)
                run_remove_traces(&run, false);
        claim_sweep(settings->storage);
        if (!run.netjoin.is_joined)
                netjoin_sweep(); /* else crunit-network does */
        return 0;
}
