/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crunit inspect: what is known of containers, as JSON; members as in podman's where it has them.
 */
#include "../base/json.h"
#include "../base/log.h"
#include "../base/stamp.h"
#include "../container/census.h"
#include "../container/kept.h"
#include "../container/oom.h"
#include "../image/store.h"
#include "commands.h"
#include "format.h"
#include "health-view.h"
#include "network-view.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

static int inspect_take_type(void *context, const struct option_row *row, const char *value,
                             struct error *err)
{
        (void)context;
        if (!str_equal(value, "container"))
                return error_set(err, EINVAL,
                                 "--%s %s: use `crunit image inspect`, `crunit network inspect` "
                                 "and so on",
                                 row->name, value);
        return 0;
}

enum {
        INSPECT_CONFIG_MAX = 16 * 1024 * 1024
};

struct inspect_request {
        char *format; /* owned */
};

const struct option_row inspect_options_table[] = {
        { .name = "format",
          .letter = 'f',
          .argument = "FORMAT",
          .help = "json, or a template such as '{{.State.Status}}'",
          .take = format_take,
          .field = offsetof(struct inspect_request, format) },
        { .name = "type",
          .argument = "container",
          .help = "what it is; `crunit image inspect` and `crunit network inspect` show others",
          .take = inspect_take_type },
        { .name = NULL },
};

static void inspect_set_bool(struct json_object *object, const char *key, bool value)
{
        json_object_object_add(object, key, json_object_new_boolean(value));
}

/* From the age of its first process. */
static char *inspect_started(const struct container_state *state)
{
        int64_t age = process_age(&state->init);
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        now.tv_sec -= age / 1000;
        now.tv_nsec -= age % 1000 * 1000000;
        if (now.tv_nsec < 0) {
                now.tv_sec--;
                now.tv_nsec += 1000000000;
        }
        return stamp_time(&now);
}

static void inspect_state(const struct container_state *state, const char *run,
                          struct json_object *object)
{
        struct json_object *inner = json_add_object(object, "State");
        bool alive = state_alive(state);
        bool running = alive && state->init.pid, by_systemd;

        json_set_string(inner, "Status", census_status_of(state));
        inspect_set_bool(inner, "Running", running);
        inspect_set_bool(inner, "Paused", str_equal(census_status_of(state), "paused"));
        if (running) {
                AUTO_FREE char *started = inspect_started(state);

                json_set_string(inner, "StartedAt", started);
        }
        inspect_set_bool(inner, "OOMKilled",
                         state->oom_killed || (running && oom_count(state->init.pid, &by_systemd) >
                                                                  state->oom_kills));
        json_object_object_add(inner, "Pid", json_object_new_int64(running ? state->init.pid : 0));
        json_set_string(inner, "CgroupPath", state->cgroup);
        json_set_string(inner, "Unit", state->unit);
        health_view_add_state(run, inner);
}

/* A member of the runtime's configuration under another name. */
static void inspect_copy(struct json_object *from, const char *key, struct json_object *object,
                         const char *name)
{
        struct json_object *member;

        if (from && json_object_object_get_ex(from, key, &member))
                json_object_object_add(object, name, json_object_get(member));
}

/* Whether a NAME=VALUE of the environment comes from a secret. */
static bool inspect_is_secret(const struct container_state *state, const char *variable)
{
        size_t length = strcspn(variable, "=");

        for (size_t i = 0; i < state->secrets.count; i++) {
                const char *target = strstr(state->secrets.items[i], ",type=env,target=");

                target = target ? target + strlen(",type=env,target=") : NULL;
                if (target && strlen(target) == length && strncmp(variable, target, length) == 0)
                        return true;
        }
        return false;
}

/* The environment, but no secret that is in there. */
static void inspect_env(const struct container_state *state, struct json_object *process,
                        struct json_object *object)
{
        AUTO_STRV struct strv env = { 0 }, shown = { 0 };

        if (!process || json_get_strv(process, "env", &env, NULL) < 0)
                return;
        for (size_t i = 0; i < env.count; i++)
                if (inspect_is_secret(state, env.items[i]))
                        strv_appendf(&shown, "%.*s=*******", (int)strcspn(env.items[i], "="),
                                     env.items[i]);
                else
                        strv_append(&shown, env.items[i]);
        json_set_strv(object, "Env", &shown);
}

static void inspect_config(const struct container_state *state, struct json_object *process,
                           struct json_object *object)
{
        struct json_object *inner = json_add_object(object, "Config");

        inspect_env(state, process, inner);
        json_set_strv(inner, "Secrets", &state->secrets);
        json_set_strv(inner, "Cmd", &state->command);
        inspect_copy(process, "cwd", inner, "WorkingDir");
        inspect_copy(process, "terminal", inner, "Tty");
        json_set_string(inner, "Image", state->image_name);
        json_set_pairs(inner, "Labels", &state->labels);
        json_set_pairs(inner, "Annotations", &state->annotations);
        json_set_string(inner, "StopSignal", state->stop_signal);
        json_object_object_add(inner, "StopTimeout", json_object_new_int64(state->stop_timeout));
        json_set_string(inner, "LogDriver", state->log_driver);
        inspect_copy(process, "user", inner, "User");
}

static bool inspect_is_read_only(struct json_object *mount)
{
        AUTO_STRV struct strv options = { 0 };

        json_get_strv(mount, "options", &options, NULL);
        return strv_contains(&options, "ro");
}

/* A volume's data directory has its name in front; one that is mounted elsewhere has not. */
static void inspect_volume(const struct container_state *state, struct json_object *out)
{
        const char *source = "", *name;
        AUTO_FREE char *directory = NULL;

        json_get_string(out, "Source", &source, NULL);
        if (!str_has_suffix(source, "/_data"))
                return;
        directory = str_dupn(source, strlen(source) - strlen("/_data"));
        name = strrchr(directory, '/');
        if (!name || !strv_contains(&state->volumes, name + 1))
                return;
        json_set_string(out, "Type", "volume");
        json_set_string(out, "Name", name + 1);
}

static void inspect_mounts(const struct container_state *state, struct json_object *config,
                           struct json_object *object)
{
        struct json_object *list = json_add_array(object, "Mounts"), *mounts = NULL;

        if (json_get_array(config, "mounts", &mounts, NULL) < 0 || !mounts)
                return;
        for (size_t i = 0; i < json_object_array_length(mounts); i++) {
                struct json_object *mount = json_object_array_get_idx(mounts, i);
                struct json_object *out = json_object_new_object();

                inspect_copy(mount, "type", out, "Type");
                inspect_copy(mount, "source", out, "Source");
                inspect_copy(mount, "destination", out, "Destination");
                inspect_copy(mount, "options", out, "Options");
                inspect_set_bool(out, "RW", !inspect_is_read_only(mount));
                inspect_volume(state, out);
                json_object_array_add(list, out);
        }
}

static struct json_object *inspect_container(const struct container_state *state, const char *run)
{
        AUTO_FREE char *path = str_format("%s/config.json", run);
        AUTO_JSON struct json_object *config = NULL;
        struct json_object *object = json_object_new_object(), *process = NULL;

        json_set_string(object, "Id", state->id);
        json_set_string(object, "Name", state->name);
        json_set_string(object, "Created", state->created);
        json_set_string(object, "Image", state->image);
        json_set_string(object, "ImageName", state->image_name);
        json_set_string(object, "Rootfs", state->rootfs);
        json_set_string(object, "Unit", state->unit);
        json_set_string(object, "Pod", state->pod_id ? state->pod_id : "");
        json_set_string(object, "PodName", state->pod ? state->pod : "");
        inspect_state(state, run, object);
        json_set_string(object, "OCIConfigPath", path);
        json_set_string(object, "BundlePath", state->bundle);
        json_set_string(object, "WritablePath", state->writable);
        json_set_strv(object, "Networks", &state->networks);
        network_view_add(state, run, object);
        json_set_strv(object, "Ports", &state->ports);
        /* While it is just being started there is none yet. */
        if (json_read_file(AT_FDCWD, path, INSPECT_CONFIG_MAX, &config, NULL) == 0) {
                json_get_object(config, "process", &process, NULL);
                inspect_mounts(state, config, object);
                inspect_copy(config, "hostname", object, "Hostname");
        }
        inspect_config(state, process, object);
        json_get_object(object, "Config", &process, NULL);
        health_view_add_config(run, process);
        return object;
}

static int inspect_one(const char *name, void *list, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_KEPT struct kept kept = { 0 };
        AUTO_SETTINGS struct settings settings = { 0 };
        AUTO_FREE char *run = NULL;

        if (state_find(name, &state, &run, err) == 0) {
                json_object_array_add(list, inspect_container(&state, run));
                return 0;
        }
        if (err->code != ENOENT || cmd_load_settings(&settings, err) < 0 ||
            kept_find(name, store_root_of(settings.storage), NULL, &kept, err) < 0)
                return -1;
        error_clear(err);
        json_object_array_add(list, inspect_container(&kept.state, kept.data));
        return 0;
}

static void inspect_free(struct inspect_request *request)
{
        free(request->format);
}

int cmd_inspect(const struct cmd *cmd, int argc, char **argv)
{
        CLEANUP(inspect_free) struct inspect_request request = { 0 };
        AUTO_JSON struct json_object *list = json_object_new_array();
        AUTO_ERROR struct error unprintable = { 0 };
        int first, status;

        if (!cmd_options(cmd, false, argc, argv, &request, 1, -1, &first, &status))
                return status;
        status = cmd_each(argv + first, (size_t)(argc - first), inspect_one, list, log_failure);
        if (format_print_objects(request.format, list, &unprintable) < 0)
                return log_failure(&unprintable);
        return status;
}
