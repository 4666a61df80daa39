/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything a plan depends on besides spec and image, as one value, so that a test can plan for
 * any machine.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct idmap;
struct joined;
struct secret_value;
struct sharing;

/* Where the source of a mount is that is not a path by itself: a volume's, an image's. */
struct plan_source {
        const char *path;           /* borrowed; absolute, or NULL: it is a path */
        const struct strv *options; /* borrowed; for the mount, where it has none of their kind */
};

struct plan_facts {
        /* Of this container; set by the caller, borrowed. */
        const char *id;                    /* 64 hex digits */
        const char *state_dir;             /* absolute; where config.json and plan_file go */
        const char *rootfs;                /* root.path: "rootfs", relative to state_dir */
        int rootfs_fd;                     /* the mounted root file system */
        const char *volumes_dir;           /* absolute; anonymous volumes and :O layers go here */
        const struct plan_source *sources; /* borrowed; one for each of the spec's mounts */
        const char *image_id;              /* 64 hex digits, or NULL */
        const char *notify_socket;         /* $NOTIFY_SOCKET, or NULL */
        char *const *environment;          /* ours, for --env K and --env-host */
        unsigned listen_fds;               /* sockets that systemd gave us, from descriptor 3 on */
        bool terminal;                     /* our stdin is a terminal (for -t) */
        const char *runtime; /* the runtime's program, where it may get ready filters, or NULL */
        const char *filters; /* directory of those (filter-cache.h), or NULL */
        const char *network; /* path of the network namespace it joins, or NULL: a new one */
        const struct sharing *others;       /* namespaces of others that it has, or NULL */
        const struct joined *joined;        /* the networks it is on, or NULL */
        const struct secret_value *secrets; /* of the spec's secrets, in their order */
        const char *pod;                    /* directory of its pod, or NULL */
        const char *shared_hosts;        /* text of the files of the container whose network it */
        const char *shared_resolv_conf;  /* shares, or NULL */
        const char *user_namespace;      /* path of the user namespace it joins, or NULL: ours */
        const struct idmap *uids, *gids; /* its mapping, with user_namespace */
        const char *namespace_user;      /* UID:GID where neither it nor --user says who, or NULL */

        /* Of the machine; facts_gather() fills these in. */
        char *architecture; /* owned, as all strings below; uname's machine: "x86_64" */
        char *kernel;       /* uname's release: "6.1.0-18-amd64" */
        char *hostname;
        char *dev;         /* where the machine's devices are, for --privileged: "/dev" */
        uint64_t bounding; /* our bounding set of capabilities, as a mask */
        uint64_t nofile_max, nproc_max; /* how far limits may be raised; UINT64_MAX: any */
        bool cgroup2;                   /* /sys/fs/cgroup is the unified hierarchy */
        bool pids;                      /* its processes can be counted and limited */
        bool apparmor, selinux;         /* switched on in the kernel */
        bool mqueue;                    /* the kernel has POSIX message queues */
        struct strv thermal;            /* paths of processors' temperature counters, to mask */
        char *seccomp;                  /* path of the default profile, or NULL */
        char *init;                     /* path of a small init, or NULL */
        char *hosts, *resolv_conf;      /* text of the host's files; "" where missing */
        char *resolv_upstream;          /* resolv.conf as others than the host itself can use it */
};

/* Fill in the part of the machine; the rest is left alone. */
int facts_gather(struct plan_facts *facts, struct error *err);
/* Whether a line of resolv.conf names a server that others than the machine itself can reach. */
bool facts_line_is_server(const char *line);
void facts_free(struct plan_facts *facts); /* only what facts_gather() allocated */
#define AUTO_FACTS CLEANUP(facts_free)
