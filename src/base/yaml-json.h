/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * YAML as JSON, read with libyaml. What has no meaning there is refused: aliases (a small file
 * could become a huge one), merges, several documents, keys that are no words or are there already.
 * Plain scalars are null, booleans and numbers as in YAML's core schema, everything else is text.
 */
#pragma once

#include "error.h"

#include <stddef.h>

/* The document in one line, owned by the caller. EBADMSG with name, line and column. */
int yaml_to_json(const char *text, size_t length, const char *name, char **ret, struct error *err);
