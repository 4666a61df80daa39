/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `--volume`, `--mount` and `--tmpfs` take, as text to struct spec_mount. Only the text is
 * judged; whether a source is there is for the plan. Messages do not name the option, callers do.
 */
#pragma once

#include "../base/error.h"
#include "spec.h"

/* [[SOURCE|NAME:]TARGET[:OPTIONS]]. */
int mount_parse_volume(const char *text, struct spec_mount *ret, struct error *err);

/* type=TYPE,source=…,target=…,… with fields quoted as in CSV where they hold a comma. */
int mount_parse_mount(const char *text, struct spec_mount *ret, struct error *err);

/* TARGET[:OPTIONS] */
int mount_parse_tmpfs(const char *text, struct spec_mount *ret, struct error *err);

/* CONTAINER[:OPTIONS], of --volumes-from */
int mount_check_from(const char *text, struct error *err);

void mount_free(struct spec_mount *mount);
#define AUTO_MOUNT CLEANUP(mount_free)
