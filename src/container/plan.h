/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan of a container: what was asked for (spec.h), what the image says (image.h) and what the
 * machine is like (facts.h) become one value: the OCI runtime configuration (runtime-spec 1.0.2),
 * and the list of what has to be there before the runtime may read it. Nothing is changed here; the
 * file system is only looked at (users below the root file system, devices and bind sources on the
 * host).
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"
#include "../image/image.h"
#include "facts.h"
#include "filter-cache.h"
#include "health-settings.h"
#include "spec.h"

#include <stdint.h>

/* A file to write into the state directory, mode 0644, before the runtime starts. */
struct plan_file {
        char *name; /* owned; relative to the state directory */
        char *text; /* owned */
};

/*
 * A directory on the host to make (with parents) before the runtime starts: an anonymous volume, or
 * the layer and work directory of a `:O` mount.
 */
struct plan_directory {
        char *path;   /* owned; absolute, below facts.volumes_dir */
        char *target; /* owned; where it is mounted in the container; NULL for a helper directory */
        char *like;   /* owned; host directory whose owner and mode it gets, or NULL */
        bool copy;    /* fill it with what the root file system has at target, owner and mode of
                         target included; nothing to do where target does not exist */
};

/* An overlay that the host mounts for the container, which may not; all paths are owned. */
struct plan_overlay {
        char *lower, *upper, *work, *target;
};

struct plan {
        struct json_object *config; /* owned; config.json */
        struct plan_file *files;    /* owned; hosts, resolv.conf, … */
        size_t file_count;
        struct plan_directory *directories; /* owned */
        size_t directory_count;
        struct strv chown;     /* host trees to give to uid:gid first (:U) */
        struct strv make_dirs; /* in the root file system: directories to make where missing (the
                                  working directory); 0755, of root */
        struct strv links;     /* in the root file system: symbolic links to make, each followed by
                                  what it says */
        struct json_object *devices;   /* owned; the rules for devices, where we are to enforce them
                                          in systemd's cgroup; or NULL */
        struct plan_overlay *overlays; /* owned; to mount first */
        size_t overlay_count;
        uint32_t uid, gid;           /* of the container's program, as the host sees it */
        uint32_t root_uid, root_gid; /* of the container's root, the same way */
        bool terminal;               /* process.terminal */
        bool root_devices;           /* those that the root file system has can be opened */
        bool systemd;                /* the program manages control groups by itself */
        int stop_signal;
        unsigned stop_timeout; /* seconds */
        bool own_network;      /* a network namespace of its own */
        struct health_settings health;
        struct filter_key filter_key; /* of the filter of system calls that the runtime compiles */
        struct strv notes;            /* warnings to show */
};

int plan_make(const struct container_spec *spec, const struct image_config *image_or_null,
              const struct plan_facts *facts, struct plan *ret_plan, struct error *err);
/* The path of the container's network namespace, which has one of its own; NULL: the runtime makes
 * it. */
void plan_set_network(struct plan *plan, const char *path_or_null);
void plan_free(struct plan *plan);
#define AUTO_PLAN CLEANUP(plan_free)

/* The machine's file of a time zone, "local" being the machine's own; owned by the caller, NULL
 * where there is none. */
char *plan_zone_file(const char *zone);
