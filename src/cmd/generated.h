/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The units that the generator has written, and the containers they are about: a unit says which
 * container is its own by RuntimeDirectory=crunit/containers/NAME@%N.
 */
#pragma once

#include "../base/str.h"

/* The unit of a container's file; NULL where there is none. Owned by the caller. */
char *generated_unit_of(const char *container);

/* The container of a unit, also of one that `run -d` made; NULL where it is no container's. Owned
 * by the caller. */
char *generated_container_of(const char *unit);

/* The words that a unit starts its container by (ExecStart=, from the program on), as far as they
 * are plain. False where there is no such unit. */
bool generated_words(const char *unit, struct strv *ret);
