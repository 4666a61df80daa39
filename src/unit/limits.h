/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits, devices and credentials that systemd holds for the unit's cgroup: the options of the
 * command line say the same (for a run outside of a unit), but inside a unit nobody else writes to
 * its cgroup. Everything that the file sets in [Service] itself stays as it is there. A pod's
 * limits are those of all its containers together.
 */
#pragma once

#include "translate.h"

/* MemoryMax=, TasksMax=, CPUQuota= … from the keys and from the words of PodmanArgs=. */
int limits_add(struct translation *t, const struct values *args, struct error *err);

/* Whether limits_add() or io_limits_add() would make anything of these words. */
bool limits_given(const struct values *args);
bool io_limits_given(const struct values *args);

/* IOWeight=, IOReadBandwidthMax= … and CPUQuota=, RuntimeMaxSec= from the words of PodmanArgs=,
 * where an option may come several times or two make one key. What is wrong is reported. */
int io_limits_add(struct translation *t, const struct values *args);
int time_limits_add(struct translation *t, const struct values *args);

/* The unit that holds the limits: a pod's has none, but a slice for its containers. Borrowed. */
struct unit_file *limits_unit(struct translation *t, const char **ret_section);

/* Add a unit key that the file does not have in [Service]; takes ownership of value. */
void limit_add(struct translation *t, const char *unit_key, char *value);

/* The unit key that a key of [Container] becomes, or NULL. Borrowed. */
const char *limits_unit_key(const char *key);

/* Whether text begins with a path and can stand in a unit as it is. */
bool device_is_plain(const char *text);

/* DevicePolicy= and DeviceAllow= from AddDevice= and from the words of PodmanArgs=, when both are
 * translated. */
void devices_add(struct translation *t);

/* LoadCredential= and LoadCredentialEncrypted= for Secret= and for --secret of PodmanArgs=. What is
 * wrong with the key is reported with the key itself. */
void secrets_add(struct translation *t, const struct values *args);

/* The values of one option of PodmanArgs=: "--memory 1g", "--memory=1g", "-m1g" and "-m 1g"; an
 * option without value gives "". They are added to ret, and borrowed from args. */
void podman_args_find(const struct values *args, const char *option, char letter, bool is_flag,
                      struct values *ret);
