/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compiled filters of system calls, kept until the next boot. The first container with a profile
 * has the runtime compile it, by the rules in config.json; what it has left beside its state is
 * kept here as a tree (filter-tree.h), and the containers after it give it to the runtime ready: an
 * annotation that crun knows. They need not read the profile, nor crun a third of its
 * configuration, and the kernel loads a tree in an eighth of the time.
 *
 * A container must never have another filter than the one its profile says. So an entry says itself
 * what it is of, word by word: the profile's text and all that its meaning depends on. Whatever is
 * missing, damaged or of something else is not used, and made anew. For a runtime whose program
 * does not have the annotation's name in it nothing is kept. Beside the annotation the
 * configuration has rules that refuse everything, so that one that took no notice of it would run
 * nothing.
 */
#pragma once

#include "../base/error.h"
#include "seccomp.h"

#include <stdbool.h>
#include <stddef.h>

/* Its value is the filter, in base64. */
#define FILTER_ANNOTATION "run.oci.seccomp_bpf_data"

struct filter_key {
        char *text; /* owned; NULL: no filter is looked for, and none is kept */
        size_t length;
};

/* Of the runtime's program and what it is linked to no more is known than which files they are;
 * false where not even that: then there is no key. */
bool filter_key_make(const char *runtime, const struct seccomp_target *target, const char *profile,
                     struct filter_key *ret);
void filter_key_free(struct filter_key *key);

/* In base64, as the annotation wants it; owned. NULL: there is none. */
char *filter_cache_find(const char *directory, const struct filter_key *key);

/* Keep what the runtime has compiled to a file, where it is one that takes ready filters. */
int filter_cache_keep(const char *directory, const struct filter_key *key, const char *runtime,
                      const char *compiled, struct error *err);
