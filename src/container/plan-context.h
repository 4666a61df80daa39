/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the planner share; for plan*.c alone. Each part adds its members to the
 * configuration and its needs to the plan.
 */
#pragma once

#include "../image/image.h"
#include "plan.h"
#include "sharing.h"
#include "user.h"

struct plan_context {
        const struct container_spec *spec;
        const struct image_config *image; /* never NULL; empty for --rootfs */
        const struct plan_facts *facts;
        struct strv args; /* the program and its arguments, without an init in front */
        struct user user;
        uint64_t caps;       /* bounding set of the container */
        char *hostname;      /* owned */
        char *filter;        /* owned; of system calls, in base64, where it is ready */
        bool systemd;        /* the program is systemd */
        bool shared_network; /* the host's or another container's */
        bool host_network, host_ipc, host_uts, host_pid,
                host_cgroup; /* not namespaces of its own */
        struct plan *plan;   /* borrowed, being filled in */
};

/* The namespace of another that it has, or NULL. */
const char *plan_other(const struct plan_context *context, enum sharing_kind kind);

/* Who the container's users are on the host. */
int plan_ids(struct plan_context *context, struct error *err);
/* The id in the container of an owner on the host: root's where it has none. */
uint32_t plan_inside_uid(const struct plan_context *context, uint32_t uid);
uint32_t plan_inside_gid(const struct plan_context *context, uint32_t gid);

/* config.process */
int plan_process(struct plan_context *context, struct error *err);

/* config.mounts, and the directories behind them */
int plan_mounts(struct plan_context *context, struct error *err);

/* Does --security-opt unmask= name it? */
bool plan_is_unmasked(const struct container_spec *spec, const char *path);

/* config.linux */
int plan_linux(struct plan_context *context, struct error *err);

/* linux.seccomp, and the ready filter in its place */
int plan_seccomp(struct plan_context *context, struct json_object *lin, struct error *err);

/* Add the contents of /etc/hosts, /etc/hostname, /etc/resolv.conf, /run/.containerenv and, for a
 * user the image does not know, /etc/passwd to the plan. */
int plan_files(struct plan_context *context, struct error *err);

/* The texts of files, owned by the caller: what /etc/hosts begins with; passwd and group with who
 * is missing in them, NULL where nobody is. */
int plan_hosts_base(const struct plan_context *context, char **ret, struct error *err);
int plan_passwd_text(const struct plan_context *context, const char *home, char **ret,
                     struct error *err);
int plan_group_text(const struct plan_context *context, char **ret, struct error *err);

/* linux.resources.blockIO */
int plan_io(const struct plan_context *context, struct json_object *resources, struct error *err);

/* The secrets that become variables. */
int plan_secret_variables(const struct plan_context *context, struct strv *env, struct error *err);

/* Whether the container gets that file from the plan. */
bool plan_has_file(const struct plan *plan, const char *name);
