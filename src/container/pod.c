/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pod.h"

#include "../base/io.h"
#include "../base/json.h"
#include "place.h"

#include <stddef.h>

enum {
        POD_FILE_MAX = 4 * 1024 * 1024,
        POD_ID_LEAST = 4, /* letters of an id that stand for all of it */
};

static const char *const pod_statuses[] = {
        [POD_CREATING] = "creating", [POD_RUNNING] = "running", [POD_STOPPED] = "stopped"
};

static const struct {
        const char *key;
        size_t field;
} pod_strings[] = {
        { "id", offsetof(struct pod, id) },
        { "name", offsetof(struct pod, name) },
        { "created", offsetof(struct pod, created) },
        { "unit", offsetof(struct pod, unit) },
        { "owner", offsetof(struct pod, owner) },
        { "hostname", offsetof(struct pod, hostname) },
        { "exitPolicy", offsetof(struct pod, exit_policy) },
        { "directory", offsetof(struct pod, directory) },
        { "slice", offsetof(struct pod, slice) },
};

enum {
        POD_STRINGS = sizeof pod_strings / sizeof *pod_strings
};

static char **pod_string(const struct pod *pod, size_t index)
{
        return (char **)(void *)((char *)pod + pod_strings[index].field);
}

void pod_free(struct pod *pod)
{
        for (size_t i = 0; i < POD_STRINGS; i++)
                free(*pod_string(pod, i));
        strv_free(&pod->namespaces);
        strv_free(&pod->words);
        *pod = (struct pod){ 0 };
}

char *pod_directory(const char *name)
{
        return str_format("%s/pods/%s", place_runtime(), name);
}

char *pod_path(const char *name, const char *file)
{
        return str_format("%s/pods/%s/%s", place_runtime(), name, file);
}

char *pod_label(const char *name)
{
        return str_concat("@", name);
}

/* --- pod.json */

static int pod_take_starter(struct json_object *object, struct pod *pod, struct error *err)
{
        struct json_object *starter = NULL;
        int64_t pid = 0, start = 0;

        if (json_get_object(object, "starter", &starter, err) < 0)
                return -1;
        if (starter && (json_get_int(starter, "pid", &pid, err) < 0 ||
                        json_get_int(starter, "start", &start, err) < 0))
                return -1;
        if (pid < 0 || pid > INT32_MAX || start < 0)
                return error_set(err, ERANGE, "\"starter\" is no process");
        pod->starter = (struct process_id){ (pid_t)pid, (uint64_t)start };
        return 0;
}

static int pod_take_status(struct json_object *object, struct pod *pod, struct error *err)
{
        const char *status = NULL;

        if (json_get_string(object, "status", &status, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof pod_statuses / sizeof *pod_statuses; i++) {
                if (!str_equal(status, pod_statuses[i]))
                        continue;
                pod->status = (enum pod_status)i;
                return 0;
        }
        return error_set(err, EBADMSG, "\"status\" is none that is known");
}

static int pod_from_json(struct json_object *object, struct pod *ret, struct error *err)
{
        AUTO_POD struct pod pod = { 0 };
        int64_t version = 0;

        if (json_get_int(object, "version", &version, err) < 0)
                return -1;
        if (version < 1 || version > POD_VERSION)
                return error_set(err, EPROTO, "written by another version of crunit (format %lld)",
                                 (long long)version);
        for (size_t i = 0; i < POD_STRINGS; i++)
                if (json_copy_string(object, pod_strings[i].key, pod_string(&pod, i), err) < 0)
                        return -1;
        if (pod_take_starter(object, &pod, err) < 0 || pod_take_status(object, &pod, err) < 0 ||
            json_get_strv(object, "namespaces", &pod.namespaces, err) < 0 ||
            json_get_strv(object, "words", &pod.words, err) < 0)
                return -1;
        if (!pod.id || !pod.name || !pod.hostname || !pod.exit_policy || !pod.words.count)
                return error_set(err, EBADMSG, "it is not complete");
        *ret = pod;
        pod = (struct pod){ 0 };
        return 0;
}

int pod_read(const char *name, struct pod *ret, struct error *err)
{
        AUTO_FREE char *path = pod_path(name, "pod.json");
        AUTO_JSON struct json_object *object = NULL;

        if (strchr(name, '/'))
                return error_set(err, ENOENT, "there is no pod '%s'", name);
        if (access(path, F_OK) < 0 &&
            (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG))
                return error_set(err, ENOENT, "there is no pod '%s'", name);
        if (json_read_file(AT_FDCWD, path, POD_FILE_MAX, &object, err) < 0)
                return -1;
        return pod_from_json(object, ret, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

int pod_write(const struct pod *pod, struct error *err)
{
        AUTO_FREE char *directory = pod_directory(pod->name);
        AUTO_FREE char *path = pod_path(pod->name, "pod.json");
        AUTO_JSON struct json_object *object = json_object_new_object();
        struct json_object *starter;
        AUTO_FREE char *text = NULL;

        json_object_object_add(object, "version", json_object_new_int(POD_VERSION));
        for (size_t i = 0; i < POD_STRINGS; i++)
                json_set_string(object, pod_strings[i].key, *pod_string(pod, i));
        json_set_string(object, "status", pod_statuses[pod->status]);
        starter = json_add_object(object, "starter");
        json_object_object_add(starter, "pid", json_object_new_int64(pod->starter.pid));
        json_object_object_add(starter, "start",
                               json_object_new_int64((int64_t)pod->starter.start));
        json_set_strv(object, "namespaces", &pod->namespaces);
        json_set_strv(object, "words", &pod->words);
        text = json_text(object, false);
        if (io_make_dirs(AT_FDCWD, directory, 0755, err) < 0)
                return -1;
        return io_write_file(AT_FDCWD, path, text, strlen(text), 0644, IO_NO_SYNC, err);
}

/* --- all of them */

static int pod_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int pod_list(struct strv *ret, struct error *err)
{
        AUTO_FREE char *path = str_format("%s/pods", place_runtime());
        AUTO_CLOSEDIR DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : error_errno(err, errno, "cannot read %s", path);
        while ((entry = readdir(dir))) {
                AUTO_FREE char *file = str_format("%s/pod.json", entry->d_name);

                if (entry->d_name[0] != '.' && faccessat(dirfd(dir), file, F_OK, 0) == 0)
                        strv_append(ret, entry->d_name);
        }
        if (ret->count)
                qsort(ret->items, ret->count, sizeof *ret->items, pod_compare);
        return 0;
}

int pod_find(const char *name_or_id, struct pod *ret, struct error *err)
{
        AUTO_STRV struct strv names = { 0 };
        AUTO_POD struct pod found = { 0 };
        AUTO_ERROR struct error unknown = { 0 };

        if (pod_read(name_or_id, ret, &unknown) == 0)
                return 0;
        if (unknown.code != ENOENT)
                return error_set(err, unknown.code, "%s", unknown.message);
        if (pod_list(&names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count && strlen(name_or_id) >= POD_ID_LEAST; i++) {
                AUTO_POD struct pod pod = { 0 };

                if (pod_read(names.items[i], &pod, NULL) < 0 || !str_has_prefix(pod.id, name_or_id))
                        continue;
                if (found.id)
                        return error_set(err, EEXIST, "%s is the beginning of several pods' ids",
                                         name_or_id);
                found = pod;
                pod = (struct pod){ 0 };
        }
        if (!found.id)
                return error_set(err, ENOENT, "there is no pod '%s'", name_or_id);
        *ret = found;
        found = (struct pod){ 0 };
        return 0;
}

int pod_lock(struct error *err)
{
        AUTO_FREE char *directory = str_format("%s/pods", place_runtime());

        return io_lock_directory(directory, err);
}

const char *pod_own_unit(void)
{
        return getenv("PODMAN_SYSTEMD_UNIT");
}

char *pod_own_directory(const char *name)
{
        AUTO_FREE char *directory = str_format("%s/pod-units/%s", place_runtime(), name);
        AUTO_STRV struct strv given = { 0 };

        if (getenv("RUNTIME_DIRECTORY"))
                strv_split(&given, getenv("RUNTIME_DIRECTORY"), ":", false);
        return strv_contains(&given, directory) ? steal_str(&directory) : NULL;
}

bool pod_is_own(const struct pod *pod)
{
        return str_equal(pod->unit, pod_own_unit());
}

bool pod_alive(const struct pod *pod)
{
        if (pod->owner && access(pod->owner, F_OK) < 0)
                return false;
        return pod->status == POD_RUNNING ||
               (pod->status == POD_CREATING && process_alive(&pod->starter));
}

/* --- its containers */

void pod_members_free(struct pod_members *members)
{
        for (size_t i = 0; i < members->count; i++) {
                free(members->items[i].run);
                state_free(&members->items[i].state);
        }
        free(members->items);
        *members = (struct pod_members){ 0 };
}

int pod_list_members(const char *name, struct pod_members *ret, struct error *err)
{
        AUTO_STRV struct strv labels = { 0 };

        if (place_list(NULL, &labels, err) < 0)
                return -1;
        for (size_t i = 0; i < labels.count; i++) {
                AUTO_FREE char *run = place_run(labels.items[i]);
                AUTO_STATE struct container_state state = { 0 };

                if (state_read(run, &state, NULL) < 0 || !str_equal(state.pod, name) ||
                    !state_alive(&state))
                        continue;
                ret->items = alloc_grow(ret->items, ret->count + 1, sizeof *ret->items);
                ret->items[ret->count++] = (struct pod_member){ steal_str(&run), state };
                state = (struct container_state){ 0 };
        }
        return 0;
}
