/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the parser of mounts share; for mount*.c alone. */
#pragma once

#include "mount.h"

/* Take in one option as --volume has it. seen are those that were taken before: no two of them may
 * exclude each other. */
int mount_add_option(struct spec_mount *mount, struct strv *seen, const char *text,
                     struct error *err);
/* A list of them, with commas in between. */
int mount_add_options(struct spec_mount *mount, const char *text, struct error *err);

/* Whether what was taken in goes together. */
int mount_check_options(const struct spec_mount *mount, struct error *err);

/* An absolute path in the container, not its root. */
int mount_set_target(struct spec_mount *mount, const char *target, struct error *err);
