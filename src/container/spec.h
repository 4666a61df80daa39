/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the user asked for: the options of `crunit run`, checked and typed, but not yet combined
 * with the image or the machine (plan.h does that). Member names follow podman-run(1). NULL, 0 and
 * empty lists mean "not given"; where that differs from a value, the member says so.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum spec_choice {
        SPEC_UNSET,
        SPEC_NO,
        SPEC_YES
};

enum spec_log {
        SPEC_LOG_JOURNALD,
        SPEC_LOG_PASSTHROUGH,
        SPEC_LOG_NONE
};

enum spec_notify {
        SPEC_NOTIFY_NONE,      /* --sdnotify=ignore */
        SPEC_NOTIFY_CONMON,    /* we tell systemd, as soon as the program runs */
        SPEC_NOTIFY_CONTAINER, /* the container's own READY=1 counts */
        SPEC_NOTIFY_HEALTHY,
};

enum spec_network {
        SPEC_NETWORK_DEFAULT,
        SPEC_NETWORK_HOST,
        SPEC_NETWORK_NONE,
        SPEC_NETWORK_OTHER
};

enum spec_mount_type {
        SPEC_MOUNT_BIND,
        SPEC_MOUNT_TMPFS,
        SPEC_MOUNT_VOLUME,
        SPEC_MOUNT_ANONYMOUS,
        SPEC_MOUNT_GLOB,
        SPEC_MOUNT_IMAGE,
        SPEC_MOUNT_DEVPTS,
        SPEC_MOUNT_RAMFS
};

struct spec_mount {
        enum spec_mount_type type;
        char *source;        /* owned; NULL for tmpfs and anonymous volumes */
        char *target;        /* owned; absolute path in the container */
        struct strv options; /* as for mount(8): ro, rbind, noexec, rslave, size=… */
        bool chown;          /* :U, give the tree to the container's user first */
        bool copy_up;        /* tmpfs: begin with what the image has there */
};

struct spec_device {
        char *host;      /* owned */
        char *container; /* owned */
        char *rights;    /* owned; some of "rwm" */
};

struct spec_ulimit {
        char *name;    /* owned; without RLIMIT_, lower case: "nofile" */
        uint64_t soft; /* UINT64_MAX is unlimited (RLIM_INFINITY) */
        uint64_t hard;
};

struct container_spec {
        char *name;          /* owned, as all strings here */
        char *image;         /* the image's reference, or NULL with rootfs */
        char *rootfs;        /* --rootfs PATH */
        bool rootfs_overlay; /* PATH:O, changes are thrown away */
        char *pull;          /* always, missing, never, newer */
        struct strv args;    /* what stands behind the image */
        char *entrypoint;    /* --entrypoint, a string or a JSON array; "" clears the image's */
        struct strv env; /* K=V, or K to take the value from our environment; in the order given */
        struct strv env_files;
        bool env_host;
        bool http_proxy; /* true by default */
        struct strv unset_env;
        char *workdir;
        char *user;         /* USER[:GROUP], names or numbers */
        struct strv groups; /* --group-add */
        char *hostname;
        char *timezone; /* a zone's name, or "local" */
        char *umask;

        struct strv cap_add, cap_drop; /* lower or upper case, with or without cap_ */
        bool no_new_privileges;
        bool privileged;
        char *seccomp; /* path or "unconfined" */
        char *apparmor;
        bool label_disable, label_nested;
        char *label_type, *label_level, *label_filetype, *label_user, *label_role;
        struct strv mask, unmask; /* paths; unmask may be ALL */
        char *systemd_mode;

        enum spec_choice read_only;
        enum spec_choice read_only_tmpfs;
        struct spec_mount *mounts; /* --volume, --mount, --tmpfs in the order given; owned */
        size_t mount_count;
        struct spec_device *devices; /* owned */
        size_t device_count;
        struct strv device_cgroup_rules;
        char *shm_size;              /* bytes as decimal digits after parsing, "0" unlimited */
        struct strv sysctls;         /* name=value */
        struct spec_ulimit *ulimits; /* owned */
        size_t ulimit_count;
        bool ulimit_host;

        uint64_t memory, memory_reservation; /* bytes; 0 not given */
        int64_t memory_swap;                 /* bytes; -1 unlimited, 0 not given */
        int64_t pids_limit;                  /* -1 unlimited, 0 not given (2048 then) */
        double cpus;
        uint64_t cpu_shares;
        char *cpuset_cpus, *cpuset_mems;
        struct strv cgroup_conf; /* file=value */
        int oom_score_adj;
        bool oom_score_adj_given;
        bool cgroups_split; /* --cgroups=split: stay in the present cgroup, whose limits systemd
                               holds */
        char *cgroup_ns, *ipc, *pid, *uts, *userns; /* modes as given: host, private, … */

        enum spec_network network;
        struct strv networks; /* --network as given */
        struct strv dns, dns_search, dns_options, add_hosts, network_aliases, publish, expose;
        char *ip, *ip6;

        struct strv labels, annotations; /* k=v */
        enum spec_log log_driver;
        struct strv log_opts;
        enum spec_notify notify;
        bool detach, interactive, tty, init, remove, replace;
        char *init_path;
        char *stop_signal;
        unsigned stop_timeout; /* seconds */
        bool stop_timeout_given;
        char *cidfile, *pidfile;
        int preserve_fds; /* fds 3 … 2+n go on to the container */

        /* Parsed and kept; the modules that act on them come with their features. */
        struct strv secrets, health; /* health: "health-cmd=…" and so on */
        char *pod, *autoupdate;
};

/* A spec with the defaults in it. */
void spec_init(struct container_spec *spec);
void spec_free(struct container_spec *spec);
#define AUTO_SPEC CLEANUP(spec_free)
