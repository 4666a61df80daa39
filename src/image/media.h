/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Media types of what registries have (OCI image-spec, media-types.md; Docker schema 2): which of
 * them make an image that can be unpacked, and why not where not. A missing type is taken for what
 * stands at that place.
 */
#pragma once

#include "../base/error.h"

/* EPROTONOSUPPORT with the reason; digest is for messages. */
int media_check_manifest(const char *type, const char *digest, struct error *err);
int media_check_config(const char *type, const char *digest, struct error *err);
int media_check_layer(const char *type, const char *digest, struct error *err);
