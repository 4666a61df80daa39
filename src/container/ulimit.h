/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resource limits as `--ulimit` has them: NAME=SOFT[:HARD], -1 or "unlimited" for no limit. */
#pragma once

#include "../base/error.h"
#include "spec.h"

int ulimit_parse(const char *text, struct spec_ulimit *ret, struct error *err);
