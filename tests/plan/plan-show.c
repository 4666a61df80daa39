/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Show what `crunit run` would do: plan-show [-b DIRECTORY] ROOTFS IMAGE.json|- OPTIONS… prints the
 * plan, one value a line, for a machine that is the same wherever this runs. With -b the
 * configuration is for this machine, and written to DIRECTORY with the files it needs, for a
 * runtime to try. plan-show --parse OPTIONS… says what is wrong with options before anything is
 * looked at.
 */
#include "src/base/io.h"
#include "src/cmd/run-options.h"
#include "src/container/cdi.h"
#include "src/container/plan-context.h"
#include "src/container/signal.h"
#include "src/container/userns.h"
#include "src/network/join.h"
#include "src/secret/secret.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

/* UNIT in our own environment is the unit that a generator would have named in it. */
static char *const *make_environment(struct strv *list)
{
        const char *unit = getenv("UNIT");
        static const char *const pairs[] = { "PATH=/usr/bin",
                                             "LANG=C.UTF-8",
                                             "APP_ONE=1",
                                             "APP_TWO=2",
                                             "http_proxy=http://proxy:3128",
                                             "NOTIFY_SOCKET=/run/systemd/notify" };

        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
                strv_append(list, pairs[i]);
        if (getenv("SOCKETS"))
                strv_append(list, "LISTEN_FDNAMES=web:admin");
        if (unit)
                strv_appendf(list, "PODMAN_SYSTEMD_UNIT=%s", unit);
        return list->items;
}

/* dev: a directory without a device. */
static void set_machine(struct plan_facts *facts, const char *dev)
{
        facts->dev = str_dup(dev);
        facts->architecture = str_dup("x86_64");
        facts->kernel = str_dup("6.12.0");
        facts->hostname = str_dup("machine");
        facts->bounding = (UINT64_C(1) << 41) - 1;
        facts->nofile_max = facts->nproc_max = 1048576;
        facts->cgroup2 = facts->pids = facts->mqueue = true;
        facts->seccomp = str_dup("unconfined");
        facts->init = str_dup("/usr/bin/catatonit");
        facts->hosts = str_dup("127.0.0.1 localhost\n192.0.2.1 machine # itself\n");
        facts->resolv_conf = str_dup("search example.org\nnameserver 192.0.2.53\noptions edns0\n");
        facts->resolv_upstream = str_dup("search example.org\nnameserver 127.0.0.53\n"
                                         "nameserver 192.0.2.54\nnameserver ::1\n");
        strv_append(&facts->thermal, "/sys/devices/system/cpu/cpu0/thermal_throttle");
}

static void read_image(const char *path, struct image_config *image)
{
        AUTO_ERROR struct error error = { 0 };
        AUTO_JSON struct json_object *object = NULL;
        struct json_object *healthcheck = NULL;
        const char *workdir = NULL, *user = NULL, *signal = NULL;

        if (json_read_file(AT_FDCWD, path, 1 << 20, &object, &error) < 0 ||
            json_get_strv(object, "Entrypoint", &image->entrypoint, &error) < 0 ||
            json_get_strv(object, "Cmd", &image->cmd, &error) < 0 ||
            json_get_strv(object, "Env", &image->env, &error) < 0 ||
            json_get_strv(object, "Volumes", &image->volumes, &error) < 0 ||
            json_get_string(object, "WorkingDir", &workdir, &error) < 0 ||
            json_get_string(object, "User", &user, &error) < 0 ||
            json_get_string(object, "StopSignal", &signal, &error) < 0)
                errx(2, "%s", error.message);
        image->workdir = str_dup(workdir);
        image->user = str_dup(user);
        image->stop_signal = str_dup(signal);
        if (json_get_object(object, "Healthcheck", &healthcheck, &error) < 0)
                errx(2, "%s", error.message);
        image->healthcheck = healthcheck ? json_text(healthcheck, false) : NULL;
}

/* What crunit-network would have said. */
static void read_joined(const char *path, struct joined *ret)
{
        AUTO_ERROR struct error error = { 0 };
        AUTO_JSON struct json_object *object = NULL;

        if (json_read_file(AT_FDCWD, path, 1 << 20, &object, &error) < 0 ||
            joined_from_json(object, ret, &error) < 0)
                errx(2, "%s", error.message);
}

static void free_image(struct image_config *image)
{
        strv_free(&image->entrypoint);
        strv_free(&image->cmd);
        strv_free(&image->env);
        strv_free(&image->volumes);
        free(image->workdir);
        free(image->user);
        free(image->stop_signal);
        free(image->healthcheck);
}

struct sources {
        struct plan_source *items; /* owned, with the paths */
        struct strv paths;
};

static void free_sources(struct sources *sources)
{
        free(sources->items);
        strv_free(&sources->paths);
}

/* Where volumes and images would have been mounted. */
static void make_sources(const struct container_spec *spec, struct sources *ret)
{
        ret->items = alloc_zero(spec->mount_count + 1, sizeof *ret->items);
        for (size_t i = 0; i < spec->mount_count; i++) {
                const struct spec_mount *mount = &spec->mounts[i];

                if (mount->type == SPEC_MOUNT_VOLUME && !mount->subpath)
                        strv_appendf(&ret->paths, "/var/lib/crunit/volumes/%s/_data",
                                     mount->source);
                else
                        strv_appendf(&ret->paths, "/run/crunit/containers/test@/mounts/%zu", i);
                ret->items[i].path = ret->paths.items[i];
        }
}

static struct json_object *show_directory(const struct plan_directory *directory)
{
        struct json_object *object = json_object_new_object();

        json_set_string(object, "path", directory->path);
        json_set_string(object, "target", directory->target);
        json_set_string(object, "like", directory->like);
        json_object_object_add(object, "copy", json_object_new_boolean(directory->copy));
        return object;
}

static struct json_object *show_overlays(const struct plan *plan)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < plan->overlay_count; i++) {
                const struct plan_overlay *overlay = &plan->overlays[i];
                struct json_object *object = json_object_new_object();

                json_set_string(object, "lower", overlay->lower);
                json_set_string(object, "upper", overlay->upper);
                json_set_string(object, "work", overlay->work);
                json_set_string(object, "target", overlay->target);
                json_object_array_add(list, object);
        }
        return list;
}

/* One line for each value, with its path in front, so that a difference says what is different;
 * lists of words are one value, lists of objects one line for each. */
static void show_value(const char *path, struct json_object *value)
{
        bool is_list = json_object_is_type(value, json_type_array);

        if (is_list && json_object_array_length(value) &&
            json_object_is_type(json_object_array_get_idx(value, 0), json_type_object)) {
                for (size_t i = 0; i < json_object_array_length(value); i++) {
                        AUTO_FREE char *text =
                                json_text(json_object_array_get_idx(value, i), false);

                        printf("%s[] %s\n", path, text);
                }
        } else if (json_object_is_type(value, json_type_object)) {
                json_object_object_foreach(value, key, member)
                {
                        AUTO_FREE char *below = str_format("%s%s%s", path, *path ? "." : "", key);

                        show_value(below, member);
                }
        } else {
                AUTO_FREE char *text = json_text(value, false);

                printf("%s %s\n", path, text);
        }
}

static void show(const struct container_spec *spec, const struct plan *plan)
{
        AUTO_JSON struct json_object *object = json_object_new_object();
        AUTO_FREE char *stop = signal_name(plan->stop_signal);
        struct json_object *part;

        json_object_object_add(object, "config", json_object_get(plan->config));
        part = json_add_object(object, "files");
        for (size_t i = 0; i < plan->file_count; i++)
                json_set_string(part, plan->files[i].name, plan->files[i].text);
        part = json_add_array(object, "directories");
        for (size_t i = 0; i < plan->directory_count; i++)
                json_object_array_add(part, show_directory(&plan->directories[i]));
        if (plan->devices)
                json_object_object_add(object, "device_filter", json_object_get(plan->devices));
        json_set_strv(object, "chown", &plan->chown);
        json_set_strv(object, "make_dirs", &plan->make_dirs);
        if (plan->links.count)
                json_set_strv(object, "links", &plan->links);
        json_object_object_add(object, "uid", json_object_new_int64(plan->uid));
        json_object_object_add(object, "gid", json_object_new_int64(plan->gid));
        if (plan->root_uid || plan->root_gid)
                json_object_object_add(object, "root_uid", json_object_new_int64(plan->root_uid));
        if (plan->root_devices)
                json_object_object_add(object, "root_devices", json_object_new_boolean(true));
        if (plan->overlay_count)
                json_object_object_add(object, "overlays", show_overlays(plan));
        json_object_object_add(object, "terminal", json_object_new_boolean(plan->terminal));
        json_object_object_add(object, "own_network", json_object_new_boolean(plan->own_network));
        json_set_string(object, "stop_signal", stop);
        json_object_object_add(object, "stop_timeout", json_object_new_int64(plan->stop_timeout));
        json_set_strv(object, "spec_notes", &spec->notes);
        json_set_strv(object, "notes", &plan->notes);
        if (plan->health.test.count)
                json_object_object_add(object, "health", health_settings_to_json(&plan->health));
        show_value("", object);
}

static void write_bundle(const char *bundle, const struct plan *plan)
{
        AUTO_ERROR struct error error = { 0 };
        AUTO_FREE char *text = json_text(plan->config, false);
        AUTO_CLOSE int fd = open(bundle, O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                err(2, "%s", bundle);
        for (size_t i = 0; i < plan->file_count; i++)
                if (io_write_file(fd, plan->files[i].name, plan->files[i].text,
                                  strlen(plan->files[i].text), 0644, IO_NO_SYNC, &error) < 0)
                        errx(2, "%s", error.message);
        for (size_t i = 0; i < plan->directory_count; i++)
                if (io_make_dirs(AT_FDCWD, plan->directories[i].path, 0755, &error) < 0)
                        errx(2, "%s", error.message);
        if (io_write_file(fd, "config.json", text, strlen(text), 0644, IO_NO_SYNC, &error) < 0)
                errx(2, "%s", error.message);
}

/* "value of NAME", but a zero byte is in that of `binary`. */
static struct secret_value *make_secrets(const struct container_spec *spec)
{
        struct secret_value *values = alloc_zero(spec->secret_count + 1, sizeof *values);

        for (size_t i = 0; i < spec->secret_count; i++) {
                values[i].data = str_format("value of %s", spec->secrets[i].name);
                values[i].length = strlen(values[i].data);
                if (str_equal(spec->secrets[i].name, "binary"))
                        values[i].data[0] = 0;
        }
        return values;
}

/* A user namespace as crunit would have made it: the first ids that nobody has are 300000 on.
 * SUBIDS is the file of those that are set aside. */
static int make_ids(const struct container_spec *spec, struct plan_facts *facts, struct idmap *uids,
                    struct idmap *gids, char **user, struct error *error)
{
        const char *subids = getenv("SUBIDS");
        struct subid_files files = { subids ? subids : "/dev/null", subids ? subids : "/dev/null" };
        AUTO_USERNS_REQUEST struct userns_request request = { 0 };
        uint32_t size;

        if (userns_parse(spec, &request, error) < 0)
                return -1;
        size = request.size ? request.size : userns_size(0);
        if (request.mode == USERNS_AUTO &&
            userns_map_auto(&request, size, 300000, 300000, uids, gids, error) < 0)
                return -1;
        if (request.mode == USERNS_MAPPED && userns_map(&request, &files, uids, gids, error) < 0)
                return -1;
        if (request.mode == USERNS_HOST)
                return 0;
        facts->user_namespace = "/proc/4711/fd/8";
        facts->uids = uids;
        facts->gids = gids;
        facts->namespace_user = *user = str_dup(request.user);
        return 0;
}

/* What would have been joined: of a container everything, of a path what it says; /HOST is the
 * machine's. */
static void make_others(const struct container_spec *spec, struct sharing *ret)
{
        const char *modes[SHARING_KINDS] = { [SHARING_CGROUP] = spec->cgroup_ns,
                                             [SHARING_IPC] = spec->ipc,
                                             [SHARING_PID] = spec->pid,
                                             [SHARING_UTS] = spec->uts };

        for (int i = 0; i < SHARING_KINDS; i++) {
                const char *mode = modes[i] ? modes[i] : "";

                ret->kinds[i].host = str_equal(mode, "ns:/HOST");
                if (!strchr(mode, ':') || ret->kinds[i].host)
                        continue;
                ret->kinds[i].path = str_format("/proc/4711/fd/%d", 10 + i);
                if (i == SHARING_UTS)
                        ret->hostname = str_dup("other");
                if (i == SHARING_IPC && str_has_prefix(mode, "container:"))
                        ret->shm = str_dup("/run/crunit/containers/test@/mounts/shm");
        }
}

static int make(struct plan_facts *facts, const char *image_path, int argc, char **argv,
                const char *bundle, struct error *error)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_PLAN struct plan plan = { 0 };
        CLEANUP(free_image) struct image_config image = { 0 };
        CLEANUP(free_sources) struct sources sources = { 0 };
        CLEANUP(sharing_free) struct sharing others = { 0 };
        struct secret_value *secrets;
        AUTO_IDMAP struct idmap uids = { 0 }, gids = { 0 };
        AUTO_FREE char *user = NULL;
        int result;

        spec_init(&spec);
        if (run_options_parse(argc, argv, &spec, error) < 0 ||
            spec_check_supported(&spec, error) < 0 || cdi_apply(&spec, error) < 0 ||
            make_ids(&spec, facts, &uids, &gids, &user, error) < 0)
                return -1;
        if (strcmp(image_path, "-") != 0)
                read_image(image_path, &image);
        /* A pod of its name, as it is by default. */
        str_replace(&spec.pod_hostname, spec.pod);
        make_sources(&spec, &sources);
        make_others(&spec, &others);
        facts->others = &others;
        facts->sources = sources.items;
        facts->secrets = secrets = make_secrets(&spec);
        result = plan_make(&spec, &image, facts, &plan, error);
        secret_values_free(secrets, spec.secret_count);
        if (result < 0)
                return -1;
        if (bundle)
                write_bundle(bundle, &plan);
        else
                show(&spec, &plan);
        return 0;
}

static int parse_only(int argc, char **argv)
{
        AUTO_SPEC struct container_spec spec = { 0 };
        AUTO_ERROR struct error error = { 0 };
        int first;

        spec_init(&spec);
        if (option_parse(run_options, true, argc, argv, &spec, &first, &error) < 0 ||
            spec_check_supported(&spec, &error) < 0)
                errx(1, "%s", error.message);
        return 0;
}

int main(int argc, char **argv)
{
        const char *bundle = argc > 2 && strcmp(argv[1], "-b") == 0 ? argv[2] : NULL;
        int first = bundle ? 3 : 1;
        AUTO_ERROR struct error error = { 0 };
        AUTO_FACTS struct plan_facts facts = { 0 };
        AUTO_JOINED struct joined joined = { 0 };
        AUTO_STRV struct strv environment = { 0 };
        AUTO_FREE char *volumes = NULL;
        AUTO_CLOSE int rootfs = -1;

        if (argc > 1 && strcmp(argv[1], "--parse") == 0)
                return parse_only(argc - 1, argv + 1);
        if (argc < first + 2)
                errx(2, "usage: plan-show [-b DIRECTORY] ROOTFS IMAGE.json|- OPTIONS…");
        rootfs = open(argv[first], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (rootfs < 0)
                err(2, "%s", argv[first]);
        volumes = str_format("%s/volumes", bundle ? bundle : "/var/lib/crunit/containers/test@");
        if (!bundle)
                set_machine(&facts, argv[first]);
        else if (facts_gather(&facts, &error) < 0)
                errx(2, "%s", error.message);
        facts.id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        facts.image_id = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
        facts.state_dir = bundle ? bundle : "/run/crunit/containers/test@";
        facts.rootfs = "rootfs";
        facts.rootfs_fd = rootfs;
        facts.volumes_dir = volumes;
        facts.notify_socket = "/run/systemd/notify";
        facts.listen_fds = getenv("SOCKETS") ? 2 : 0;
        facts.pod = "/run/crunit/pods/web";
        if (getenv("JOINED")) {
                read_joined(getenv("JOINED"), &joined);
                facts.joined = &joined;
                facts.network = "/proc/4711/fd/7";
        }
        facts.environment = make_environment(&environment);
        if (make(&facts, argv[first + 1], argc - first - 1, argv + first + 1, bundle, &error) < 0)
                errx(1, "%s", error.message);
        return 0;
}
