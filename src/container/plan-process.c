/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-context.h"

#include "../base/io.h"
#include "caps.h"
#include "environment.h"
#include "expand.h"
#include "path.h"

#include <errno.h>

/* Where a program found no better one; the first two are where people put their own. */
#define PLAN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Variables that say how to reach the outside. */
static const char *const plan_proxies[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                                            "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };

/* Variables of ours that systemd meant for this very process. */
static const char *const plan_own[] = { "NOTIFY_SOCKET",    "LISTEN_PID",    "LISTEN_FDS",
                                        "LISTEN_FDNAMES",   "WATCHDOG_PID",  "WATCHDOG_USEC",
                                        "JOURNAL_STREAM",   "INVOCATION_ID", "MAINPID",
                                        "SYSTEMD_EXEC_PID", "MANAGERPID" };

static void plan_env_of_host(const struct plan_context *context, struct strv *env)
{
        char *const *host = context->facts->environment;

        if (context->spec->env_host) {
                for (; host && *host; host++)
                        environment_set(env, *host);
                for (size_t i = 0; i < sizeof plan_own / sizeof *plan_own; i++)
                        environment_unset(env, plan_own[i]);
        } else if (context->spec->http_proxy) {
                for (size_t i = 0; i < sizeof plan_proxies / sizeof *plan_proxies; i++)
                        environment_apply(env, plan_proxies[i], host);
        }
}

static void plan_env_of_image(const struct plan_context *context, struct strv *env)
{
        const struct container_spec *spec = context->spec;

        environment_set_value(env, "PATH", PLAN_PATH);
        environment_set_value(env, "container", "crunit");
        if (spec->tty)
                environment_set_value(env, "TERM", "xterm");
        for (size_t i = 0; i < context->image->env.count; i++)
                environment_set(env, context->image->env.items[i]);
        for (size_t i = 0; i < spec->env_merge.count; i++) {
                AUTO_FREE char *pair = expand_variables(spec->env_merge.items[i], env->items);

                environment_set(env, pair);
        }
        for (size_t i = 0; i < spec->unset_env.count; i++)
                environment_unset(env, spec->unset_env.items[i]);
        if (spec->unset_env_all)
                strv_free(env);
}

static int plan_env_of_user(const struct plan_context *context, struct strv *env, struct error *err)
{
        const struct container_spec *spec = context->spec;

        for (size_t i = 0; i < spec->env_files.count; i++)
                if (environment_read_file(env, spec->env_files.items[i],
                                          context->facts->environment, err) < 0)
                        return -1;
        for (size_t i = 0; i < spec->env.count; i++)
                environment_apply(env, spec->env.items[i], context->facts->environment);
        return 0;
}

/* The protocol of sd_listen_fds(3); the descriptors go through the runtime as they are. */
static void plan_env_of_sockets(const struct plan_context *context, struct strv *env)
{
        const char *names = environment_get(context->facts->environment, "LISTEN_FDNAMES");
        AUTO_FREE char *count = str_format("%u", context->facts->listen_fds);

        if (!context->facts->listen_fds)
                return;
        environment_set_value(env, "LISTEN_FDS", count);
        if (names)
                environment_set_value(env, "LISTEN_FDNAMES", names);
        /* Who is not the first process of its own has no number that is known here. */
        if (!context->host_pid && !plan_other(context, SHARING_PID))
                environment_set_value(env, "LISTEN_PID", "1");
}

/* From the weakest to the strongest: ours, the image's, the host's, files, options. */
static int plan_env(const struct plan_context *context, struct strv *env, struct error *err)
{
        plan_env_of_image(context, env);
        plan_env_of_host(context, env);
        if (plan_env_of_user(context, env, err) < 0)
                return -1;
        plan_env_of_sockets(context, env);
        if (plan_secret_variables(context, env, err) < 0)
                return -1;
        if (!environment_get(env->items, "HOME"))
                environment_set_value(env, "HOME", context->user.home);
        if (!environment_get(env->items, "HOSTNAME"))
                environment_set_value(env, "HOSTNAME", context->hostname);
        if (context->systemd) {
                AUTO_FREE char *uuid = str_dupn(context->facts->id, 32);

                environment_set_value(env, "container_uuid", uuid);
        }
        if (context->spec->notify == SPEC_NOTIFY_CONTAINER && context->facts->notify_socket)
                environment_set_value(env, "NOTIFY_SOCKET",
                                      context->facts->notify_socket[0] == '@'
                                              ? context->facts->notify_socket
                                              : "/run/notify");
        return 0;
}

static void plan_user(const struct plan_context *context, struct json_object *process)
{
        const struct user *user = &context->user;
        struct json_object *object = json_add_object(process, "user");
        struct json_object *groups;

        json_object_object_add(object, "uid", json_object_new_int64(user->uid));
        json_object_object_add(object, "gid", json_object_new_int64(user->gid));
        json_object_object_add(object, "umask", json_object_new_int64(context->spec->umask));
        /* The primary group is among the supplementary ones, or a set-group-id program could shed
         * it, and with it what is denied to the group. */
        groups = json_add_array(object, "additionalGids");
        json_object_array_add(groups, json_object_new_int64(user->gid));
        for (size_t i = 0; i < user->group_count; i++)
                if (user->groups[i] != user->gid)
                        json_object_array_add(groups, json_object_new_int64(user->groups[i]));
}

static void plan_add_caps(struct json_object *object, const char *set, uint64_t mask)
{
        struct json_object *array = json_add_array(object, set);

        for (unsigned i = 0; caps_name(i); i++)
                if (mask >> i & 1)
                        json_object_array_add(array, json_object_new_string(caps_name(i)));
}

/*
 * Root has all of the bounding set, and hands nothing on by inheritance. Other users have what was
 * added by name, and keep it across execve(2).
 */
static void plan_caps(const struct plan_context *context, struct json_object *process)
{
        struct json_object *object = json_add_object(process, "capabilities");
        bool root = context->user.uid == 0;
        uint64_t added = caps_mask(&context->spec->cap_add) & context->caps;
        uint64_t effective = root ? context->caps : added;

        plan_add_caps(object, "bounding", context->caps);
        plan_add_caps(object, "effective", effective);
        plan_add_caps(object, "permitted", effective);
        plan_add_caps(object, "inheritable", root ? 0 : added);
        plan_add_caps(object, "ambient", root ? 0 : added);
}

static void plan_add_limit(struct json_object *array, const char *type, uint64_t soft,
                           uint64_t hard)
{
        struct json_object *object = json_object_new_object();

        json_set_string(object, "type", type);
        json_object_object_add(object, "hard", json_object_new_uint64(hard));
        json_object_object_add(object, "soft", json_object_new_uint64(soft));
        json_object_array_add(array, object);
}

static void plan_limits(const struct plan_context *context, struct json_object *process)
{
        const struct container_spec *spec = context->spec;
        struct json_object *array = json_add_array(process, "rlimits");
        const struct {
                const char *type;
                uint64_t limit;
        } defaults[] = { { "RLIMIT_NOFILE", context->facts->nofile_max },
                         { "RLIMIT_NPROC", context->facts->nproc_max } };

        for (size_t i = 0; i < sizeof defaults / sizeof *defaults && !spec->ulimit_host; i++) {
                bool given = false;

                for (size_t j = 0; j < spec->ulimit_count; j++)
                        given = given || str_equal(spec->ulimits[j].type, defaults[i].type);
                if (!given)
                        plan_add_limit(array, defaults[i].type, defaults[i].limit,
                                       defaults[i].limit);
        }
        for (size_t i = 0; i < spec->ulimit_count; i++) {
                bool later = false;

                for (size_t j = i + 1; j < spec->ulimit_count; j++)
                        later = later || str_equal(spec->ulimits[j].type, spec->ulimits[i].type);
                if (!later)
                        plan_add_limit(array, spec->ulimits[i].type, spec->ulimits[i].soft,
                                       spec->ulimits[i].hard);
        }
}

/* Programs and their arguments, with the small init in front of them. */
static int plan_command(const struct plan_context *context, struct json_object *process,
                        struct error *err)
{
        AUTO_STRV struct strv args = { 0 };

        if (context->spec->init) {
                if (!context->spec->init_path && !context->facts->init)
                        return error_set(err, ENOENT,
                                         "--init: no init found: install the package catatonit or "
                                         "tini, or give --init-path");
                strv_append(&args, "/run/podman-init");
                strv_append(&args, "--");
        }
        strv_append_all(&args, &context->args);
        json_set_strv(process, "args", &args);
        return 0;
}

static void plan_workdir(const struct plan_context *context, struct json_object *process)
{
        const char *wanted =
                context->spec->workdir ? context->spec->workdir : context->image->workdir;
        AUTO_FREE char *path = path_clean(str_empty(wanted) ? "/" : wanted);

        json_set_string(process, "cwd", path);
        if (!str_equal(path, "/"))
                strv_append(&context->plan->make_dirs, path);
}

static void plan_labels(const struct plan_context *context, struct json_object *process)
{
        const struct container_spec *spec = context->spec;
        bool asked = spec->label_type || spec->label_level || spec->label_user || spec->label_role;

        if (spec->apparmor && !str_equal(spec->apparmor, "unconfined")) {
                if (context->facts->apparmor)
                        json_set_string(process, "apparmorProfile", spec->apparmor);
                else
                        strv_appendf(&context->plan->notes,
                                     "apparmor profile %s has no effect: the kernel runs without "
                                     "AppArmor",
                                     spec->apparmor);
        }
        if (asked && context->facts->selinux && !spec->label_disable && !spec->privileged) {
                AUTO_FREE char *label =
                        str_format("%s:%s:%s:%s", spec->label_user ? spec->label_user : "system_u",
                                   spec->label_role ? spec->label_role : "system_r",
                                   spec->label_type ? spec->label_type : "container_t",
                                   spec->label_level ? spec->label_level : "s0");

                json_set_string(process, "selinuxLabel", label);
        }
}

int plan_process(struct plan_context *context, struct error *err)
{
        const struct container_spec *spec = context->spec;
        struct json_object *process = json_add_object(context->plan->config, "process");
        AUTO_STRV struct strv env = { 0 };

        json_object_object_add(process, "terminal", json_object_new_boolean(spec->tty));
        plan_user(context, process);
        if (plan_command(context, process, err) < 0 || plan_env(context, &env, err) < 0)
                return -1;
        json_set_strv(process, "env", &env);
        plan_workdir(context, process);
        plan_caps(context, process);
        plan_limits(context, process);
        json_object_object_add(process, "noNewPrivileges",
                               json_object_new_boolean(spec->no_new_privileges));
        if (spec->oom_score_adj_given)
                json_object_object_add(process, "oomScoreAdj",
                                       json_object_new_int(spec->oom_score_adj));
        plan_labels(context, process);
        return 0;
}
