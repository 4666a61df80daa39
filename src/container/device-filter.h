/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which devices the processes of a control group may use, where systemd cannot be told while the
 * unit is written: directories of devices, numbers, names of CDI (--device-policy=closed). The
 * filter is a program of the kernel's (BPF_PROG_TYPE_CGROUP_DEVICE) at the unit's group; it stands
 * beside systemd's own, of which each has to agree, and is gone with the group.
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"

/*
 * rules: `linux.resources.devices` of a configuration, of which the first closes all; what every
 * container may use (/dev/null and so on) comes with it. ENOTSUP or EPERM where the kernel, or who
 * we are, cannot have such a filter.
 */
int device_filter_install(const char *cgroup, struct json_object *rules, struct error *err);
