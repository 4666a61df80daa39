/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices for a container: what `--device` and `--device-cgroup-rule` take, and the nodes they
 * stand for on this machine. */
#pragma once

#include "../base/error.h"
#include "spec.h"

#include <sys/types.h>

/* HOST[:CONTAINER][:RIGHTS] */
int device_parse(const char *text, struct spec_device *ret, struct error *err);
void device_free(struct spec_device *device);
#define AUTO_DEVICE CLEANUP(device_free)

/* "TYPE MAJOR:MINOR RIGHTS": a, b or c; numbers or *; some of rwm. */
int device_check_rule(const char *text, struct error *err);

/* A device node, as the runtime is to make it in the container. */
struct device_node {
        char *path; /* owned; in the container */
        char type;  /* 'b' or 'c' */
        unsigned major, minor;
        mode_t mode; /* permission bits */
        uid_t uid;
        gid_t gid;
        const char *rights; /* borrowed from the spec */
};

struct device_nodes {
        struct device_node *items; /* owned */
        size_t count;
};

/* Append the node a device stands for, or those below it where it is a directory. A path that is
 * missing or no device is an error; other things within a directory are passed over. */
int device_find_nodes(const struct spec_device *device, struct device_nodes *nodes,
                      struct error *err);

/* Append every device of the machine's /dev (dev), but terminals and what the runtime makes itself:
 * for
 * --privileged. */
int device_find_all(const char *dev, struct device_nodes *nodes, struct error *err);
void device_nodes_free(struct device_nodes *nodes);
#define AUTO_NODES CLEANUP(device_nodes_free)
