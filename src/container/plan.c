/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan.h"

#include "caps.h"
#include "plan-context.h"
#include "signal.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

static void plan_context_free(struct plan_context *context)
{
        strv_free(&context->args);
        user_free(&context->user);
        free(context->hostname);
        free(context->filter);
}

/* --entrypoint: a JSON array of words, or one word. */
static int plan_split_entrypoint(const char *text, struct strv *args, struct error *err)
{
        AUTO_JSON struct json_object *wrapper = NULL;
        AUTO_FREE char *wrapped = NULL;

        if (text[0] != '[') {
                strv_append(args, text);
                return 0;
        }
        wrapped = str_format("{\"entrypoint\":%s}", text);
        if (json_parse(wrapped, strlen(wrapped), "--entrypoint", &wrapper, NULL) < 0 ||
            json_get_strv(wrapper, "entrypoint", args, NULL) < 0)
                return error_set(err, EINVAL, "--entrypoint %s: not a JSON list of strings", text);
        return 0;
}

/* The entry point, then what stands behind the image, or else the image's own command. A new entry
 * point does away with the image's command, which was meant for the old one. */
static int plan_args(struct plan_context *context, struct error *err)
{
        const struct container_spec *spec = context->spec;
        bool replaced = !str_empty(spec->entrypoint);

        if (replaced && plan_split_entrypoint(spec->entrypoint, &context->args, err) < 0)
                return -1;
        if (!spec->entrypoint)
                strv_append_all(&context->args, &context->image->entrypoint);
        if (spec->args.count)
                strv_append_all(&context->args, &spec->args);
        else if (!replaced)
                strv_append_all(&context->args, &context->image->cmd);
        if (context->args.count == 0)
                return error_set(err, EINVAL,
                                 "no command: neither the image nor the command line names a "
                                 "program to run");
        if (!*context->args.items[0])
                return error_set(err, EINVAL, "the name of the program to run is empty");
        return 0;
}

/* What the program is decides, unless the user did. */
static bool plan_is_systemd(const struct container_spec *spec, const char *program)
{
        static const char *const programs[] = { "/sbin/init", "/usr/sbin/init",
                                                "/usr/local/sbin/init" };
        const char *slash = strrchr(program, '/');

        if (spec->systemd_mode != SPEC_SYSTEMD_AUTO)
                return spec->systemd_mode == SPEC_SYSTEMD_ALWAYS;
        for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
                if (str_equal(program, programs[i]))
                        return true;
        return str_equal(slash ? slash + 1 : program, "systemd");
}

static int plan_stop_signal(struct plan_context *context, struct error *err)
{
        const char *wanted = context->image->stop_signal;
        int number = context->spec->stop_signal;

        if (!number && context->systemd)
                number = signal_parse("RTMIN+3");
        if (!number && !str_empty(wanted)) {
                number = signal_parse(wanted);
                if (number < 0)
                        return error_set(err, EINVAL, "the image's StopSignal '%s' is no signal",
                                         wanted);
        }
        context->plan->stop_signal = number ? number : SIGTERM;
        return 0;
}

const char *plan_other(const struct plan_context *context, enum sharing_kind kind)
{
        return context->facts->others ? context->facts->others->kinds[kind].path : NULL;
}

static bool plan_is_host(const struct plan_context *context, const char *mode,
                         enum sharing_kind kind)
{
        return str_equal(mode, "host") ||
               (context->facts->others && context->facts->others->kinds[kind].host);
}

static void plan_namespaces(struct plan_context *context)
{
        const struct container_spec *spec = context->spec;

        context->host_network = spec->network == SPEC_NETWORK_HOST;
        context->host_ipc = plan_is_host(context, spec->ipc, SHARING_IPC);
        context->host_uts = plan_is_host(context, spec->uts, SHARING_UTS);
        context->host_pid = plan_is_host(context, spec->pid, SHARING_PID);
        /* On the old hierarchies a cgroup namespace hides little and confuses much. */
        context->host_cgroup = plan_is_host(context, spec->cgroup_ns, SHARING_CGROUP) ||
                               (!context->facts->cgroup2 && str_empty(spec->cgroup_ns));
        context->shared_network = context->host_network ||
                                  spec->network == SPEC_NETWORK_CONTAINER ||
                                  spec->network == SPEC_NETWORK_PATH;
        context->plan->own_network = !context->shared_network;
}

/* Whoever shares the host's network or name is known by the host's name, unless given one. */
static char *plan_hostname(const struct plan_context *context)
{
        if (context->spec->hostname)
                return str_dup(context->spec->hostname);
        if (spec_shares(context->spec, SPEC_SHARE_UTS))
                return str_dup(context->spec->pod_hostname);
        if (plan_other(context, SHARING_UTS))
                return str_dup(context->facts->others->hostname);
        if (context->host_uts || context->host_network)
                return str_dup(context->facts->hostname);
        return str_dupn(context->facts->id, 12);
}

static int plan_resolve(struct plan_context *context, struct error *err)
{
        const struct container_spec *spec = context->spec;
        const char *user = spec->user ? spec->user : context->facts->namespace_user;

        if (plan_args(context, err) < 0)
                return -1;
        context->systemd = plan_is_systemd(spec, context->args.items[0]);
        if (plan_stop_signal(context, err) < 0)
                return -1;
        if (user_find(context->facts->rootfs_fd, user ? user : context->image->user, &spec->groups,
                      &context->user, err) < 0)
                return -1;
        if (caps_combine(&spec->cap_add, &spec->cap_drop, context->facts->bounding, &context->caps,
                         err) < 0)
                return -1;
        if (spec->privileged)
                context->caps = context->facts->bounding & ~caps_mask(&spec->cap_drop);
        if (plan_ids(context, err) < 0)
                return -1;
        plan_namespaces(context);
        context->hostname = plan_hostname(context);
        context->plan->systemd = context->systemd;
        context->plan->terminal = spec->tty;
        context->plan->stop_timeout = spec->stop_timeout;
        return 0;
}

static void plan_annotations(struct plan_context *context)
{
        struct json_object *object = json_add_object(context->plan->config, "annotations");
        AUTO_FREE char *number = str_format("%d", context->plan->stop_signal);

        json_set_string(object, "io.container.manager", "crunit");
        json_set_string(object, "org.opencontainers.image.stopSignal", number);
        for (size_t i = 0; i < context->spec->annotations.count; i++) {
                const char *pair = context->spec->annotations.items[i];
                AUTO_FREE char *name = str_dupn(pair, strcspn(pair, "="));

                json_set_string(object, name, strchr(pair, '=') + 1);
        }
        if (strv_contains(&context->spec->groups, USER_KEEP_GROUPS))
                json_set_string(object, "run.oci.keep_original_groups", "1");
        json_set_string(object, FILTER_ANNOTATION, context->filter);
}

/* Each under its name; the rest of the object is what the runtime wants. */
static void plan_hooks(const struct plan_context *context)
{
        struct json_object *list = context->spec->hooks, *hooks, *stage;

        if (!list)
                return;
        hooks = json_add_object(context->plan->config, "hooks");
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                struct json_object *hook = json_object_array_get_idx(list, i), *name = NULL;
                struct json_object *copy = json_object_new_object();

                json_object_object_get_ex(hook, "hookName", &name);
                if (!json_object_object_get_ex(hooks, json_object_get_string(name), &stage))
                        stage = json_add_array(hooks, json_object_get_string(name));
                json_object_object_foreach(hook, key, value) if (!str_equal(key, "hookName"))
                        json_object_object_add(copy, key, json_object_get(value));
                json_object_array_add(stage, copy);
        }
}

static int plan_config(struct plan_context *context, struct error *err)
{
        struct json_object *config = context->plan->config;
        struct json_object *root;

        json_set_string(config, "ociVersion", "1.0.2");
        root = json_add_object(config, "root");
        json_set_string(root, "path", context->facts->rootfs);
        json_object_object_add(root, "readonly", json_object_new_boolean(context->spec->read_only));
        if (!context->host_uts && !plan_other(context, SHARING_UTS) &&
            !spec_shares(context->spec, SPEC_SHARE_UTS))
                json_set_string(config, "hostname", context->hostname);
        if (plan_files(context, err) < 0 || plan_process(context, err) < 0 ||
            plan_mounts(context, err) < 0 || plan_linux(context, err) < 0)
                return -1;
        plan_annotations(context);
        plan_hooks(context);
        return 0;
}

/* What the image says, and on top of it what the options say. */
static int plan_health(struct plan_context *context, struct error *err)
{
        const struct strv *options = &context->spec->health;
        struct health_settings *health = &context->plan->health;

        health_settings_init(health);
        if (context->image->healthcheck && !strv_contains(options, "no-healthcheck=") &&
            health_settings_take_image(health, context->image->healthcheck, err) < 0)
                return -1;
        for (size_t i = 0; i < options->count; i++) {
                const char *value = strchr(options->items[i], '=');
                AUTO_FREE char *name = str_dupn(options->items[i], strcspn(options->items[i], "="));

                if (health_settings_take(health, name, value ? value + 1 : NULL, err) < 0)
                        return -1;
        }
        if (health->startup_test.count && !health->test.count)
                return error_set(err, EINVAL,
                                 "--health-startup-cmd goes before a check: give --health-cmd too");
        if (context->spec->notify != SPEC_NOTIFY_HEALTHY)
                return 0;
        if (!health->test.count)
                return error_set(err, EINVAL,
                                 "--sdnotify healthy: there is no health check to wait for: give "
                                 "--health-cmd, or use an image that has one");
        if (!health->interval)
                return error_set(err, EINVAL,
                                 "--sdnotify healthy: with --health-interval disable nobody asks "
                                 "whether it is healthy");
        return 0;
}

int plan_make(const struct container_spec *spec, const struct image_config *image_or_null,
              const struct plan_facts *facts, struct plan *ret_plan, struct error *err)
{
        static const struct image_config no_image;
        AUTO_PLAN struct plan plan = { .config = json_object_new_object() };
        CLEANUP(plan_context_free)
        struct plan_context context = {
                .spec = spec,
                .image = image_or_null ? image_or_null : &no_image,
                .facts = facts,
                .plan = &plan,
        };

        if (plan_resolve(&context, err) < 0 || plan_config(&context, err) < 0 ||
            plan_health(&context, err) < 0)
                return -1;
        *ret_plan = plan;
        plan = (struct plan){ 0 };
        return 0;
}

bool plan_has_file(const struct plan *plan, const char *name)
{
        for (size_t i = 0; i < plan->file_count; i++)
                if (str_equal(plan->files[i].name, name))
                        return true;
        return false;
}

void plan_free(struct plan *plan)
{
        json_object_put(plan->config);
        json_object_put(plan->devices);
        for (size_t i = 0; i < plan->file_count; i++) {
                free(plan->files[i].name);
                free(plan->files[i].text);
        }
        for (size_t i = 0; i < plan->directory_count; i++) {
                free(plan->directories[i].path);
                free(plan->directories[i].target);
                free(plan->directories[i].like);
        }
        for (size_t i = 0; i < plan->overlay_count; i++) {
                free(plan->overlays[i].lower);
                free(plan->overlays[i].upper);
                free(plan->overlays[i].work);
                free(plan->overlays[i].target);
        }
        free(plan->files);
        free(plan->directories);
        free(plan->overlays);
        filter_key_free(&plan->filter_key);
        strv_free(&plan->chown);
        strv_free(&plan->make_dirs);
        strv_free(&plan->links);
        strv_free(&plan->notes);
        health_settings_free(&plan->health);
        *plan = (struct plan){ 0 };
}
