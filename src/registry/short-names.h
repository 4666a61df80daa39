/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What short names were found to mean when somebody was asked: the file short-name-aliases.conf of
 * containers-registries.conf(5), which Podman, Buildah and Skopeo read and write as well. */
#pragma once

#include "../base/error.h"

/* Note that the short name means the full one; tag and digest are left out. What else the file has
 * stays, but for comments. Who writes holds the same lock as those do (PATH.lock). */
int short_names_note(const char *path, const char *name, const char *full, struct error *err);
