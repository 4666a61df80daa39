/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state.h"

#include "../base/io.h"
#include "../base/json.h"
#include "place.h"

enum {
        STATE_FILE_MAX = 4 * 1024 * 1024,
        STATE_ID_LEAST = 4 /* digits of an id that name a container */
};

/* The members that are strings or lists, once for both directions. */
static const struct state_string {
        const char *key;
        size_t field;
} state_strings[] = {
        { "id", offsetof(struct container_state, id) },
        { "name", offsetof(struct container_state, name) },
        { "image", offsetof(struct container_state, image) },
        { "imageName", offsetof(struct container_state, image_name) },
        { "rootfs", offsetof(struct container_state, rootfs) },
        { "unit", offsetof(struct container_state, unit) },
        { "bundle", offsetof(struct container_state, bundle) },
        { "writable", offsetof(struct container_state, writable) },
        { "created", offsetof(struct container_state, created) },
        { "cgroup", offsetof(struct container_state, cgroup) },
        { "stopSignal", offsetof(struct container_state, stop_signal) },
        { "logDriver", offsetof(struct container_state, log_driver) },
        { "pod", offsetof(struct container_state, pod) },
        { "podId", offsetof(struct container_state, pod_id) },
        { "ipc", offsetof(struct container_state, ipc) },
};

static const struct state_string state_lists[] = {
        { "command", offsetof(struct container_state, command) },
        { "labels", offsetof(struct container_state, labels) },
        { "annotations", offsetof(struct container_state, annotations) },
        { "networks", offsetof(struct container_state, networks) },
        { "ports", offsetof(struct container_state, ports) },
        { "secrets", offsetof(struct container_state, secrets) },
        { "volumes", offsetof(struct container_state, volumes) },
        { "images", offsetof(struct container_state, images) },
        { "mounts", offsetof(struct container_state, mounts) },
};

enum {
        STATE_STRINGS = sizeof state_strings / sizeof *state_strings,
        STATE_LISTS = sizeof state_lists / sizeof *state_lists,
};

static void *state_field(const struct container_state *state, size_t field)
{
        return (char *)(uintptr_t)state + field;
}

void state_free(struct container_state *state)
{
        for (size_t i = 0; i < STATE_STRINGS; i++)
                free(*(char **)state_field(state, state_strings[i].field));
        for (size_t i = 0; i < STATE_LISTS; i++)
                strv_free(state_field(state, state_lists[i].field));
        *state = (struct container_state){ 0 };
}

static void state_add_number(struct json_object *object, const char *key, int64_t value)
{
        json_object_object_add(object, key, json_object_new_int64(value));
}

struct json_object *state_to_json(const struct container_state *state)
{
        struct json_object *object = json_object_new_object();
        struct json_object *starter;

        state_add_number(object, "version", STATE_VERSION);
        for (size_t i = 0; i < STATE_STRINGS; i++)
                json_set_string(object, state_strings[i].key,
                                *(char **)state_field(state, state_strings[i].field));
        starter = json_add_object(object, "starter");
        state_add_number(starter, "pid", state->starter.pid);
        state_add_number(starter, "start", (int64_t)state->starter.start);
        state_add_number(object, "pid", state->init.pid);
        state_add_number(object, "pidStart", (int64_t)state->init.start);
        for (size_t i = 0; i < STATE_LISTS; i++)
                json_set_strv(object, state_lists[i].key, state_field(state, state_lists[i].field));
        state_add_number(object, "stopTimeout", state->stop_timeout);
        state_add_number(object, "uid", state->uid);
        state_add_number(object, "gid", state->gid);
        state_add_number(object, "oomKills", state->oom_kills);
        json_object_object_add(object, "keep", json_object_new_boolean(state->keep));
        json_object_object_add(object, "foreground", json_object_new_boolean(state->foreground));
        json_object_object_add(object, "oomKilled", json_object_new_boolean(state->oom_killed));
        return object;
}

static int state_get_process(struct json_object *object, const char *pid_key, const char *start_key,
                             struct process_id *ret, struct error *err)
{
        int64_t pid = 0, start = 0;

        if (json_get_int(object, pid_key, &pid, err) < 0 ||
            json_get_int(object, start_key, &start, err) < 0)
                return -1;
        if (pid < 0 || pid > INT32_MAX || start < 0)
                return error_set(err, ERANGE, "\"%s\" is no process id", pid_key);
        ret->pid = (pid_t)pid;
        ret->start = (uint64_t)start;
        return 0;
}

/* A member that is a number without a sign; a missing one leaves *ret as it is. */
static int state_get_number(struct json_object *object, const char *key, uint32_t *ret,
                            struct error *err)
{
        int64_t number = *ret;

        if (json_get_int(object, key, &number, err) < 0)
                return -1;
        if (number < 0 || number > UINT32_MAX)
                return error_set(err, ERANGE, "\"%s\" is out of range", key);
        *ret = (uint32_t)number;
        return 0;
}

static int state_get_members(struct json_object *object, struct container_state *state,
                             struct error *err)
{
        struct json_object *starter = NULL;

        for (size_t i = 0; i < STATE_STRINGS; i++) {
                const char *value = NULL;

                if (json_get_string(object, state_strings[i].key, &value, err) < 0)
                        return -1;
                str_replace(state_field(state, state_strings[i].field), value);
        }
        for (size_t i = 0; i < STATE_LISTS; i++)
                if (json_get_strv(object, state_lists[i].key,
                                  state_field(state, state_lists[i].field), err) < 0)
                        return -1;
        if (json_get_object(object, "starter", &starter, err) < 0 ||
            (starter && state_get_process(starter, "pid", "start", &state->starter, err) < 0) ||
            state_get_process(object, "pid", "pidStart", &state->init, err) < 0 ||
            state_get_number(object, "stopTimeout", &state->stop_timeout, err) < 0 ||
            state_get_number(object, "uid", &state->uid, err) < 0 ||
            state_get_number(object, "gid", &state->gid, err) < 0 ||
            state_get_number(object, "oomKills", &state->oom_kills, err) < 0 ||
            json_get_bool(object, "keep", &state->keep, err) < 0 ||
            json_get_bool(object, "foreground", &state->foreground, err) < 0 ||
            json_get_bool(object, "oomKilled", &state->oom_killed, err) < 0)
                return -1;
        if (!state->id || !state->name)
                return error_set(err, EBADMSG, "\"id\" or \"name\" is missing");
        return 0;
}

int state_from_json(struct json_object *object, struct container_state *ret, struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        int64_t version = 0;

        if (json_get_int(object, "version", &version, err) < 0)
                return -1;
        if (version < 1 || version > STATE_VERSION)
                return error_set(err, EPROTO, "written by another version of crunit (format %lld)",
                                 (long long)version);
        if (state_get_members(object, &state, err) < 0)
                return -1;
        *ret = state;
        state = (struct container_state){ 0 };
        return 0;
}

int state_read(const char *run, struct container_state *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/state.json", run);
        AUTO_JSON struct json_object *object = NULL;

        if (json_read_file(AT_FDCWD, path, STATE_FILE_MAX, &object, err) < 0)
                return -1;
        return state_from_json(object, ret, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

int state_write(const char *run, const struct container_state *state, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/state.json", run);
        AUTO_JSON struct json_object *object = state_to_json(state);
        AUTO_FREE char *text = NULL;

        if (json_document(object, false, &text, err) < 0)
                return -1;
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0600, IO_NO_SYNC, err);
}

bool state_alive(const struct container_state *state)
{
        return process_alive(state->init.pid ? &state->init : &state->starter);
}

/* Look at the labels that begin with the name (NULL: at all, for ids that begin with prefix), and
 * keep the live one, else any. Returns how many containers were right. */
static int state_search(const char *name_or_null, const char *prefix, struct container_state *found,
                        char **ret_run, struct error *unreadable, struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };
        int count = 0;

        if (place_list(name_or_null, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *run = place_run(labels.items[i]);
                struct container_state state = { 0 };

                if (name_or_null && *ret_run && state_alive(found))
                        break;
                if (state_read(run, &state, unreadable) < 0)
                        continue;
                if (!name_or_null && !str_has_prefix(state.id, prefix)) {
                        state_free(&state);
                        continue;
                }
                count++;
                state_free(found);
                *found = state;
                free(*ret_run);
                *ret_run = steal_str(&run);
        }
        return count;
}

/* Could it be an id, as lists show it? */
static bool state_is_id(const char *text)
{
        size_t length = strlen(text);

        return length >= STATE_ID_LEAST && strspn(text, "0123456789abcdef") == length;
}

int state_find(const char *name, struct container_state *ret, char **ret_run, struct error *err)
{
        AUTO_ERROR struct error unreadable = { 0 };
        AUTO_STATE struct container_state found = { 0 };
        AUTO_FREE char *run = NULL;
        int count = state_search(name, NULL, &found, &run, &unreadable, err);

        if (count == 0 && state_is_id(name))
                count = state_search(NULL, name, &found, &run, NULL, err);
        if (count < 0)
                return -1;
        if (!run && unreadable.message && unreadable.code != ENOENT)
                return error_set(err, unreadable.code, "%s", unreadable.message);
        if (!run)
                return error_set(err, ENOENT, "there is no container '%s'", name);
        if (count > 1 && !str_equal(found.name, name))
                return error_set(err, EEXIST, "the ids of %d containers begin with '%s'", count,
                                 name);
        *ret = found;
        found = (struct container_state){ 0 };
        *ret_run = steal_str(&run);
        return 0;
}

int state_check_running(const struct container_state *state, struct error *err)
{
        if (!state->init.pid || !process_alive(&state->init))
                return error_set(err, ESRCH, "container '%s' is not running", state->name);
        return 0;
}

int state_find_running(const char *name, struct container_state *ret, char **ret_run,
                       struct error *err)
{
        AUTO_STATE struct container_state state = { 0 };
        AUTO_FREE char *run = NULL;

        if (state_find(name, &state, &run, err) < 0)
                return err->code == ENOENT
                               ? error_set(err, ESRCH, "there is no running container '%s'", name)
                               : -1;
        if (state_check_running(&state, err) < 0)
                return -1;
        *ret = state;
        state = (struct container_state){ 0 };
        *ret_run = steal_str(&run);
        return 0;
}
