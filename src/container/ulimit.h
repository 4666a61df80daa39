/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resource limits as `--ulimit` has them: NAME=SOFT[:HARD], -1 or "unlimited" for no limit. */
#pragma once

#include "../base/error.h"
#include "spec.h"

/* For getrlimit(2): the number behind "RLIMIT_NOFILE", or -1. */
int ulimit_resource(const char *type);

int ulimit_parse(const char *text, struct spec_ulimit *ret, struct error *err);
