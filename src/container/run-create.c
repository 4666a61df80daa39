/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container is created: crun has the plan, the init exists and waits to be started. */
#include "run-parts.h"

#include "../base/io.h"
#include "../base/json.h"
#include "../base/notify.h"
#include "cgroup-give.h"
#include "cgroup.h"
#include "create.h"
#include "headroom.h"
#include "health-start.h"
#include "nodev.h"
#include "oom.h"
#include "record.h"
#include "signal.h"
#include "volumes-from.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>

/* Where no limit and no place was asked for, a group of its own is not worth failing: without
 * systemd not every machine has a tree that crun can use, and without CAP_SYS_RESOURCE (we are in a
 * container ourselves) it cannot load its device filter. */
static enum crun_cgroups run_choose_cgroups(const struct container_spec *spec)
{
        bool systemd = notify_booted();

        if (spec->cgroups_split || spec->cgroups_disabled)
                return CRUN_CGROUPS_NONE;
        if (!spec_has_limits(spec) && !spec->cgroup_parent &&
            (!systemd || prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) != 1))
                return CRUN_CGROUPS_NONE;
        return systemd ? CRUN_CGROUPS_SYSTEMD : CRUN_CGROUPS_FILES;
}

static int run_open_crun(struct run *run, struct error *err)
{
        if (crun_close_inherited(run->spec->preserve_fds, err) < 0 ||
            crun_open(run->settings->runtime, run->place.run, run->state.id, &run->crun, err) < 0)
                return -1;
        run->crun.signals = run->signals;
        run->crun.cgroups = run_choose_cgroups(run->spec);
        if (!run->spec->detach && create_adopt(err) < 0)
                return -1;
        return crun_make_root(&run->crun, err);
}

/* Where the container's three standard descriptors lead. */
static int run_choose_stdio(struct run *run, struct error *err)
{
        const struct container_spec *spec = run->spec;
        struct crun_stdio *stdio = &run->stdio;

        run->null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (run->null < 0)
                return error_errno(err, errno, "cannot open /dev/null");
        stdio->in = spec->interactive && !spec->detach ? -1 : run->null;
        stdio->out = stdio->err = -1;
        run->loud = true;
        if (spec->tty)
                return console_listen(run->place.run, &run->console, err);
        /* What a person at a terminal sees is no log. */
        if (spec->log_driver == SPEC_LOG_NONE && (spec->detach || pump_is_needed())) {
                stdio->out = stdio->err = run->null;
                run->loud = false;
        } else if (spec->log_driver == SPEC_LOG_JOURNALD && pump_is_needed()) {
                if (pump_open(&run->pump, err) < 0)
                        return -1;
                stdio->out = stdio->err = run->pump.write;
                run->loud = false;
        }
        return 0;
}

static int run_spawn_crun(struct run *run, struct error *err)
{
        const struct create_options options = { .console_socket = run->console.path,
                                                .preserve_fds = run->spec->preserve_fds,
                                                .config = run->gate.path,
                                                .say = run->gate.path ? run->gate.say : 0 };
        struct crun_stdio stdio = run->stdio;

        if (run->gate.path) {
                stdio.kept[0] = run->gate.read;
                stdio.kept[1] = run->gate.say;
        }
        return create_begin(&run->crun, run->place.run, &stdio, &options, &run->creating, err);
}

/* A script in crun's place may look for config.json by itself, and what headroom.h does, crun is to
 * inherit: both begin when all is there. */
int run_begin_crun(struct run *run, struct error *err)
{
        int lowest = STDERR_FILENO + 1 + (int)crun_listen_fds() + run->spec->preserve_fds;

        if (run_open_crun(run, err) < 0 || run_choose_stdio(run, err) < 0)
                return -1;
        if (run->crun.clone < 0 || ids_mapped(&run->ids))
                return 0;
        if (gate_open(run->place.run, lowest, &run->gate, err) < 0 || run_spawn_crun(run, err) < 0)
                return -1;
        gate_close_inner(&run->gate);
        return 0;
}

/* The terminal of a detached container has the log pump at its other end. */
static int run_take_terminal(struct run *run, struct error *err)
{
        if (!run->plan.terminal)
                return 0;
        if (console_receive(&run->console, err) < 0)
                return -1;
        if (run->spec->detach)
                run->pump.read = steal_fd(&run->console.master);
        return 0;
}

/* In the container's own numbers; those of the plan are the host's. */
static void run_describe_user(struct json_object *process, struct container_state *state)
{
        struct json_object *user = NULL;
        int64_t uid = 0, gid = 0;

        if (!process || json_get_object(process, "user", &user, NULL) < 0 || !user)
                return;
        json_get_int(user, "uid", &uid, NULL);
        json_get_int(user, "gid", &gid, NULL);
        state->uid = (uint32_t)uid;
        state->gid = (uint32_t)gid;
}

static void run_describe_init(struct run *run)
{
        struct json_object *process = NULL;
        struct container_state *state = &run->state;
        AUTO_FREE char *cgroups = NULL;
        bool by_systemd;

        if (json_get_object(run->plan.config, "process", &process, NULL) == 0 && process)
                json_get_strv(process, "args", &state->command, NULL);
        state->stop_signal = signal_name(run->plan.stop_signal);
        state->stop_timeout = run->plan.stop_timeout;
        run_describe_user(process, state);
        if (cgroup_read(state->init.pid, &cgroups, NULL) == 0) {
                state->cgroup = cgroup_parse(cgroups);
                state->oom_kills = (uint32_t)oom_count_in(cgroups, &by_systemd);
        }
        volumes_from_describe(run->spec, &run->plan, state);
}

static int run_write_ids(struct run *run, struct error *err)
{
        const struct container_spec *spec = run->spec;
        AUTO_FREE char *pid = str_format("%d", (int)run->state.init.pid);

        if (spec->cidfile && io_write_file(AT_FDCWD, spec->cidfile, run->state.id,
                                           strlen(run->state.id), 0644, IO_NO_SYNC, err) < 0)
                return -1;
        if (spec->pidfile &&
            io_write_file(AT_FDCWD, spec->pidfile, pid, strlen(pid), 0644, IO_NO_SYNC, err) < 0)
                return -1;
        return 0;
}

/* Without the variables, among which may be secrets: they do not go to a disk. */
static int run_keep_config(struct run *run, struct error *err)
{
        AUTO_FREE char *text = NULL, *path = str_concat(run->place.data, "/config.json");
        AUTO_JSON struct json_object *copy = NULL;
        struct json_object *process = NULL;

        if (json_object_deep_copy(run->plan.config, &copy, NULL) < 0)
                return error_errno(err, errno, "cannot copy the configuration");
        if (json_get_object(copy, "process", &process, NULL) == 0 && process)
                json_object_object_del(process, "env");
        text = json_text(copy, false);
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, err);
}

static int run_keep_record(struct run *run, struct error *err)
{
        AUTO_RECORD struct record record = { 0 }, known = { 0 };

        if (!run->settings->words)
                return 0;
        /* What was called in a shell knows more of it than its unit, which may come first. */
        if (run->spec->cgroups_split && record_read(run->place.data, &known, NULL) == 0 &&
            str_equal(known.id, run->state.id))
                return 0;
        record_take(run->spec, run->state.id, run->settings->words, &record);
        return record_write(run->place.data, &record, err);
}

/* What is kept is known by its name when the run directory is gone; see kept.h. It is known with
 * its state, which comes last. */
static int run_keep(struct run *run, struct error *err)
{
        if (!run->state.keep)
                return 0;
        if (run_keep_config(run, err) < 0 || run_keep_record(run, err) < 0)
                return -1;
        return state_write(run->place.data, &run->state, err);
}

/* systemd in the container makes groups in the unit's own. */
static int run_give_cgroup(const struct run *run, struct error *err)
{
        if (!run->plan.systemd || !run->spec->cgroups_split || !ids_mapped(&run->ids))
                return 0;
        if (run_need_cgroup(run, err) < 0)
                return -1;
        return cgroup_give(run->cgroup, run->plan.root_uid, run->plan.root_gid, err);
}

/* It is loaded while crun works, and what crun complains of is not its business. */
static int run_prepare_pump(struct run *run, struct error *err)
{
        if (run->pump.read < 0 || run->pump.pid)
                return 0;
        /* In the foreground this process removes everything itself. */
        return pump_prepare(&run->pump, run->place.run,
                            run->spec->detach ? run->state.writable : NULL, err);
}

static int run_start_pump(struct run *run, struct error *err)
{
        if (run->pump.read < 0)
                return 0;
        if (run_prepare_pump(run, err) < 0 || pump_start(&run->pump, err) < 0)
                return -1;
        if (!run->plan.systemd || !run->spec->cgroups_split || !run->spec->detach)
                return 0;
        if (run_need_cgroup(run, err) < 0)
                return -1;
        return cgroup_put_aside(run->cgroup, run->pump.pid, err);
}

static int run_write_config(struct run *run, struct error *err)
{
        AUTO_FREE char *text = NULL, *path = str_concat(run->place.run, "/config.json");

        if (json_document(run->plan.config, false, &text, err) < 0 ||
            io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, err) < 0)
                return -1;
        if (run->creating && run->gate.write >= 0 &&
            !gate_pass(&run->gate, text, strlen(text), "config.json")) {
                create_cancel(run->creating);
                run->creating = 0;
        }
        return 0;
}

/* What holds for this start alone goes first, to the crun that waits for it. */
static int run_give_config(struct run *run, struct error *err)
{
        const char *network = run->creating ? run_passing_network(run) : NULL;
        AUTO_FREE char *text = NULL;
        int result;

        if (network) {
                plan_set_network(&run->plan, network);
                result = json_document(run->plan.config, false, &text, err);
                plan_set_network(&run->plan, NULL);
                if (result < 0)
                        return -1;
                gate_pass(&run->gate, text, strlen(text), NULL);
        }
        return run_write_config(run, err);
}

/* A crun that cannot have its configuration begins again. */
static int run_await_crun(struct run *run, struct error *err)
{
        if (!run->creating) {
                gate_close(&run->gate);
                if (run_spawn_crun(run, err) < 0)
                        return -1;
        }
        if (run_prepare_pump(run, err) < 0)
                return -1;
        return create_await(&run->crun, run->place.run, run->gate.said, &run->creating,
                            &run->state.init, err);
}

/* What is damaged in crun's cache of filters fails all containers until somebody removes it. */
static int run_create_container(struct run *run, struct error *err)
{
        AUTO_ERROR struct error first = { 0 };

        if (run_await_crun(run, &first) == 0)
                return 0;
        if (first.code != CREATE_REFUSED || !strstr(first.message, "seccomp") ||
            crun_forget_cache(NULL) <= 0)
                return error_set(err, first.code, "%s", first.message);
        run->creating = 0;
        if (run_await_crun(run, err) < 0)
                return -1;
        run->warn("a damaged filter of system calls in crun's cache has been made anew");
        return 0;
}

int run_create(struct run *run, struct error *err)
{
        struct headroom headroom = { 0 };
        int checked;
        int result;

        if (pump_give(&run->pump, run->plan.uid, run->plan.gid, err) < 0 ||
            run_give_cgroup(run, err) < 0)
                return -1;
        if (ids_mapped(&run->ids) && headroom_make(run->plan.config, &headroom, err) < 0)
                return -1;
        result = run_give_config(run, err) < 0 ? -1 : run_create_container(run, err);
        headroom_return(&headroom);
        gate_close(&run->gate);
        if (result < 0)
                return -1;
        if (!run->plan.root_devices && nodev_set(run->state.init.pid, err) < 0)
                return -1;
        run_describe_init(run);
        if (run_take_terminal(run, err) < 0 || run_write_ids(run, err) < 0 ||
            state_write(run->place.run, &run->state, err) < 0 || run_keep(run, err) < 0)
                return -1;
        checked = health_prepare(run->spec, &run->plan.health, run->place.run, err);
        if (checked < 0)
                return -1;
        run->checked = checked > 0;
        if (create_finish(&run->crun, &run->creating, err) < 0)
                return -1;
        return run_start_pump(run, err);
}
