/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices by name, VENDOR/CLASS=NAME, as the Container Device Interface (CDI 1.0) has them: files
 * in /etc/cdi and /run/cdi, JSON or YAML, say what a container needs for such a device. Of two
 * files that know the device the one in /run/cdi counts; two in one directory are an error.
 *
 * YAML is turned into JSON by a program of its own (crunit-yaml), so that nothing else needs its
 * library. $CRUNIT_CDI names other directories, with colons between them, for tests.
 */
#pragma once

#include "../base/error.h"
#include "../base/json.h"
#include "spec.h"

/* A name of this kind; the parts are not looked for. */
bool cdi_name_valid(const char *text);

/* Put what the spec's devices of this kind mean in their place: nodes, mounts, variables, groups
 * and hooks. Does nothing where there are none. */
int cdi_apply(struct container_spec *spec, struct error *err);

/* For cdi.c: add one `containerEdits` object to the spec; NULL is none. */
int cdi_apply_edits(struct container_spec *spec, struct json_object *edits, struct error *err);
