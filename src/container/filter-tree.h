/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filters of system calls (seccomp, classic BPF) that are loaded and answer sooner.
 *
 * libseccomp writes one comparison behind the other. When such a filter is loaded, the kernel walks
 * it once for each number there is, to know what is always allowed, and translates all of it: more
 * than a millisecond of each start with the default profile.
 *
 * The answer to most numbers depends on architecture and number alone. The filter is asked for all
 * of them, as the kernel does it, and what it answers becomes a search tree. Where an answer takes
 * arguments, the leaf of the tree leads to the very instruction of the filter that loads the first;
 * of the filter only what can be reached from there is kept. So the tree answers what the filter
 * answers, for each of the 2^32 numbers of every architecture.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

struct filter {
        struct sock_filter *code; /* owned */
        size_t count;             /* at most BPF_MAXINSNS */
};

void filter_free(struct filter *filter);
#define AUTO_FILTER CLEANUP(filter_free)

/* The tree of a filter that the kernel takes. False where it were too long for the kernel, or there
 * is nothing to begin with. */
bool filter_tree_grow(const struct filter *filter, struct filter *ret);
