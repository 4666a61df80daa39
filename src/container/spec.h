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
        SPEC_NOTIFY_CONMON,    /* we tell systemd, as soon as the program runs */
        SPEC_NOTIFY_NONE,      /* --sdnotify=ignore */
        SPEC_NOTIFY_CONTAINER, /* the container's own READY=1 counts */
        SPEC_NOTIFY_HEALTHY,   /* the first healthy result */
};

enum spec_network {
        SPEC_NETWORK_DEFAULT,
        SPEC_NETWORK_HOST,
        SPEC_NETWORK_NONE,
        SPEC_NETWORK_OTHER,     /* networks of ours, by name */
        SPEC_NETWORK_CONTAINER, /* container:NAME */
        SPEC_NETWORK_PATH       /* ns:PATH */
};

enum spec_mount_type {
        SPEC_MOUNT_BIND,
        SPEC_MOUNT_TMPFS,
        SPEC_MOUNT_VOLUME,
        SPEC_MOUNT_ANONYMOUS, /* a volume without a name, gone with the container */
        SPEC_MOUNT_GLOB,
        SPEC_MOUNT_IMAGE,
        SPEC_MOUNT_ARTIFACT,
        SPEC_MOUNT_DEVPTS,
        SPEC_MOUNT_RAMFS
};

struct spec_mount {
        enum spec_mount_type type;
        char *source;        /* owned; NULL for tmpfs and anonymous volumes */
        char *target;        /* owned; absolute, clean path in the container; of a glob perhaps
                                NULL: files keep their paths */
        char *subpath;       /* owned; of a volume or image, the part to mount, or NULL */
        char *upper, *work;  /* owned; with overlay, where writes go, to stay; or NULL */
        struct strv options; /* as for mount(8): ro, rbind, noexec, rslave, size=… */
        char *idmap;    /* owned; idmap[=…] (mount-idmap.h): what stands behind it, or NULL */
        bool chown;     /* :U, give the tree to the container's user first */
        bool overlay;   /* :O, writes go to a layer that is thrown away */
        bool no_follow; /* of a source that is a symbolic link, the link itself */
        bool no_copy;   /* do not begin with what the image has at target */
};

struct json_object;

/* Namespaces that a pod shares with its containers. */
enum spec_share {
        SPEC_SHARE_NET = 1,
        SPEC_SHARE_IPC = 2,
        SPEC_SHARE_UTS = 4,
        SPEC_SHARE_USER = 8,
};

struct spec_device {
        char *host;      /* owned; or a name of CDI, without the two below (cdi.h) */
        char *container; /* owned */
        char *rights;    /* owned; some of "rwm" */
        bool owned;      /* these count, but -1: as on the host */
        int64_t mode, uid, gid;
};

/* A secret as a file or as a variable of the program. */
struct spec_secret {
        char *name;   /* owned */
        char *target; /* owned; absolute, clean path in the container, or the variable's name */
        bool env;
        uint32_t uid, gid, mode; /* of the file */
};

/* A limit for one device of the host. */
enum spec_io_kind {
        SPEC_IO_WEIGHT,
        SPEC_IO_READ_BYTES,
        SPEC_IO_WRITE_BYTES,
        SPEC_IO_READ_COUNT,
        SPEC_IO_WRITE_COUNT,
};

struct spec_io {
        enum spec_io_kind kind;
        char *device;   /* owned; path on the host */
        uint64_t limit; /* bytes or operations in a second, or a weight from 10 to 1000 */
};

struct spec_ulimit {
        const char *type; /* static; "RLIMIT_NOFILE" */
        uint64_t soft;    /* UINT64_MAX is unlimited (RLIM_INFINITY) */
        uint64_t hard;
};

/* What becomes of the directories the image declares as volumes (--image-volume). */
enum spec_image_volume {
        SPEC_IMAGE_VOLUME_ANONYMOUS,
        SPEC_IMAGE_VOLUME_TMPFS,
        SPEC_IMAGE_VOLUME_IGNORE
};

enum spec_systemd {
        SPEC_SYSTEMD_AUTO, /* where the program is systemd or init */
        SPEC_SYSTEMD_NEVER,
        SPEC_SYSTEMD_ALWAYS
};

struct container_spec {
        char *name;                /* owned, as all strings here */
        char *image;               /* the image's reference, or NULL with rootfs */
        char *rootfs;              /* --rootfs PATH */
        bool use_rootfs;           /* the first word behind the options is a directory */
        bool rootfs_overlay;       /* PATH:O, changes are thrown away */
        bool rootfs_idmap;         /* PATH:idmap, with the owners of the user namespace */
        char *pull;                /* always, missing (the default), never, newer */
        char *os, *arch, *variant; /* of the platform asked for, or NULL each */
        struct strv pull_options;  /* words for `crunit pull`: "--retry=3" … */
        struct strv args;          /* what stands behind the image */
        char *entrypoint; /* --entrypoint, a string or a JSON array; "" clears the image's */
        struct strv env;  /* K=V, or K or K* to take values from our environment; in order */
        struct strv env_files;
        bool env_host;
        bool http_proxy; /* true by default */
        struct strv unset_env;
        bool unset_env_all;
        struct strv env_merge; /* NAME=VALUE, with $NAME or ${NAME} in it */
        char *personality;     /* LINUX, LINUX32 */
        char *workdir;
        char *user;         /* USER[:GROUP], names or numbers */
        struct strv groups; /* --group-add */
        char *hostname;
        char *timezone; /* a zone's name, or "local" */
        uint32_t umask; /* 0022 by default */

        struct strv cap_add, cap_drop; /* canonical: CAP_NET_RAW; or ALL */
        bool no_new_privileges;
        bool privileged;
        char *seccomp; /* path or "unconfined" */
        char *apparmor;
        bool label_disable, label_nested;
        char *label_type, *label_level, *label_filetype, *label_user, *label_role;
        struct strv mask, unmask; /* paths; unmask may be ALL or hold globs */
        struct strv proc_opts;
        enum spec_systemd systemd_mode;

        bool read_only;
        bool read_only_tmpfs;      /* true by default */
        struct spec_mount *mounts; /* --volume, --mount, --tmpfs in the order given; owned */
        size_t mount_count;
        struct strv volumes_from; /* checked: CONTAINER[:OPTIONS] */
        enum spec_image_volume image_volume;
        struct spec_device *devices; /* owned */
        size_t device_count;
        bool device_policy;              /* --device-policy=closed */
        struct json_object *hooks;       /* owned; of CDI: hookName, path, args, env, timeout */
        struct strv device_cgroup_rules; /* checked: "c 1:3 rwm" */
        uint64_t shm_size_systemd;       /* bytes; 0 not given */
        uint64_t shm_size;               /* bytes, 64 MiB by default; 0 is unlimited */
        struct strv sysctls;             /* name=value */
        struct spec_ulimit *ulimits;     /* owned */
        size_t ulimit_count;
        bool ulimit_host;

        struct spec_secret *secrets; /* owned */
        size_t secret_count;

        uint64_t memory, memory_reservation; /* bytes; 0 not given */
        int64_t memory_swap;                 /* bytes; -1 unlimited, 0 not given */
        int64_t pids_limit;                  /* -1 unlimited, 0 not given (2048 then) */
        uint64_t cpu_period;                 /* microseconds */
        int64_t cpu_quota;                   /* microseconds per period */
        uint64_t cpu_shares;
        char *cpuset_cpus, *cpuset_mems;
        struct strv cgroup_conf; /* file=value */
        uint64_t io_weight;      /* 10 to 1000 */
        struct spec_io *ios;     /* owned */
        size_t io_count;
        int oom_score_adj;
        bool oom_score_adj_given;
        bool cgroups_split;    /* --cgroups=split: stay in the present cgroup, whose limits
                                  systemd holds */
        bool cgroups_disabled; /* --cgroups=disabled: stay there, without limits */
        char *cgroup_parent;
        char *cgroup_ns, *ipc, *pid, *uts, *userns; /* modes as given: host, private, … */
        struct strv uidmaps, gidmaps;               /* as given: [FLAGS]INSIDE:OUTSIDE[:COUNT] */
        char *subuidname, *subgidname; /* whose line of /etc/subuid, /etc/subgid is the mapping */

        enum spec_network network;
        struct strv networks; /* --network as given */
        struct strv dns, dns_search, dns_options, add_hosts, network_aliases, publish, expose;
        char *ip, *ip6, *mac; /* checked; on the only network */
        bool publish_all;
        bool no_hosts, no_hostname;
        char *hosts_file;                 /* path, "none" or "image" */
        char *passwd_entry, *group_entry; /* lines, with $NAME in them */
        struct strv host_users;           /* names */
        bool passwd; /* make an unknown user known in /etc/passwd; true by default */

        struct strv labels, annotations; /* k=v */
        struct strv label_files;
        enum spec_log log_driver;
        struct strv log_opts;
        enum spec_notify notify;
        bool detach, interactive, tty, init, remove, replace;
        char *init_path;
        int stop_signal;       /* 0 not given */
        unsigned timeout;      /* seconds it may run; 0 not given */
        unsigned stop_timeout; /* seconds, 10 by default */
        char *cidfile, *pidfile;
        char *detach_keys;     /* see spec_check_detach_keys() */
        char *restart;         /* always, unless-stopped, on-failure[:N]; NULL: no */
        unsigned preserve_fds; /* fds 3 … 2+n go on to the container */

        struct strv health; /* "health-cmd=…" and so on, each checked by itself */

        /* Parsed and kept; the modules that act on them come with their features. */
        char *autoupdate;

        char *pod;          /* its name or the beginning of its id; its name when it is known */
        char *pod_hostname; /* set when it is known, as what follows */
        char *pod_user;     /* who programs run as there if nobody says, or NULL */
        unsigned pod_apart; /* enum spec_share: what the pod does not share */

        struct strv unsupported; /* options that were given and that nothing acts on yet */
        struct strv notes;       /* what was left out on purpose; to be shown as warnings */
};

/* A spec with the defaults in it. */
void spec_init(struct container_spec *spec);
void spec_free(struct container_spec *spec);
#define AUTO_SPEC CLEANUP(spec_free)

/* Whether the container gets this namespace of its pod: it does not where it is told another. */
bool spec_shares(const struct container_spec *spec, enum spec_share share);

/* Append an empty mount, device, limit or secret and return it, borrowed until the next call. */
struct spec_mount *spec_add_mount(struct container_spec *spec);
struct spec_device *spec_add_device(struct container_spec *spec);
struct spec_ulimit *spec_add_ulimit(struct container_spec *spec);
struct spec_secret *spec_add_secret(struct container_spec *spec);
struct spec_io *spec_add_io(struct container_spec *spec);

/* Whether anything is asked for that a cgroup is needed for. */
bool spec_has_limits(const struct container_spec *spec);

/* Who leaves a terminal by keys leaves it to a monitor process, which there is none of: all keys
 * are the program's. NULL and "" ask for nothing else. */
int spec_check_detach_keys(const char *keys, struct error *err);

/* The name in a pair of sysctls, with dots; owned by the caller. */
char *spec_sysctl_name(const char *pair);

/* Refuse what can be written down and cannot be run, whatever the image and the machine, so that no
 * container runs with less than was asked for. Adds to spec->notes what is left out without harm.
 */
int spec_check_supported(struct container_spec *spec, struct error *err);
