/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a container was started that stays when it ends (without --rm): what `crunit start` starts it
 * again by. It is start.json beside what the container wrote, STORE/containers/NAME@UNIT (place.h),
 * readable for root alone, since variables may be secret:
 *
 *   version      1; a reader refuses a higher one
 *   id           of the container, which it keeps
 *   directory    in which `crunit run` was called
 *   words        its command line, behind "run"
 *   environment  NAME=VALUE, of its caller's variables those that the options ask for
 */
#pragma once

#include "../base/error.h"
#include "spec.h"

struct record {
        char *id, *directory;           /* owned */
        struct strv words, environment; /* owned */
};

void record_free(struct record *record);
#define AUTO_RECORD CLEANUP(record_free)

/* Is this variable of ours part of what a container with these options becomes? */
bool record_wants(const struct container_spec *spec, const char *name);

/* Of this process, as it is; words (NULL-terminated) is what stands behind "run". */
void record_take(const struct container_spec *spec, const char *id, char *const *words,
                 struct record *ret);

/* In a data directory. ENOENT from reading where there is none. */
int record_write(const char *data, const struct record *record, struct error *err);
int record_read(const char *data, struct record *ret, struct error *err);

/* Make this process one in which `crunit run` means what it did: its directory and variables. */
int record_enter(const struct record *record, const struct container_spec *spec, struct error *err);
