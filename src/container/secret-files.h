/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of `--secret NAME`, which the plan binds into the container: one for each, called by
 * its number, on a file system in memory at STATE/secrets. That is mounted in our own mount
 * namespace (after rootfs_unshare()): nobody on the host sees it, it is never swapped out, and it
 * is gone with the container.
 */
#pragma once

#include "../base/error.h"
#include "../secret/secret.h"
#include "ids.h"
#include "spec.h"

/* The values of all secrets of the spec, in its order; for secret_values_free(). */
int secret_values_read(const struct container_spec *spec, struct secret_value **ret,
                       struct error *err);

/* Does nothing where no secret becomes a file. */
int secret_files_write(const struct container_spec *spec, const struct secret_value *values,
                       const struct ids *ids, const char *state, struct error *err);

/* Take the mount away before its directory is removed by who made it; else nobody has to. */
void secret_files_detach(const char *state);
