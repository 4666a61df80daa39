/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter-tree.h"

#include "../base/cleanup.h"
#include "../base/str.h"

#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>

enum {
        FILTER_ARCHES_MAX = 8,    /* of one machine: its own, and those it runs as well */
        FILTER_LEADS_ON = 0xffff, /* no instruction; see filter_add_leaf() */
};

/* What comes of a call: an answer, or the place in the filter from where on it takes more. */
struct filter_outcome {
        bool final;
        uint32_t value; /* the answer, or the place */
};

/* Calls from number first to the next range's. */
struct filter_range {
        uint32_t first;
        struct filter_outcome outcome;
};

/* The architectures that a filter tells from the others. */
struct filter_arches {
        uint32_t values[FILTER_ARCHES_MAX];
        size_t count;
};

/* What is known of a call. */
struct filter_call {
        const uint32_t *arch;   /* NULL: it is none of those below */
        const uint32_t *number; /* NULL: any */
        struct filter_arches
                *others; /* without arch; those that the filter asks for come in here */
};

void filter_free(struct filter *filter)
{
        free(filter->code);
        *filter = (struct filter){ 0 };
}

static void filter_add(struct filter *filter, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
        filter->code = alloc_grow(filter->code, filter->count + 1, sizeof *filter->code);
        filter->code[filter->count++] = (struct sock_filter){ code, yes, no, k };
}

static bool filter_is_jump(const struct sock_filter *at)
{
        return at->code == (BPF_JMP | BPF_JA);
}

/* --- asking the filter */

static bool filter_compares(const struct sock_filter *at)
{
        return at->code == (BPF_JMP | BPF_JEQ | BPF_K) || at->code == (BPF_JMP | BPF_JGE | BPF_K) ||
               at->code == (BPF_JMP | BPF_JGT | BPF_K);
}

static bool filter_holds(const struct sock_filter *at, uint32_t value)
{
        switch (BPF_OP(at->code)) {
        case BPF_JEQ:
                return value == at->k;
        case BPF_JGE:
                return value >= at->k;
        default:
                return value > at->k;
        }
}

/* What the register holds. */
struct filter_value {
        const uint32_t *known;        /* or NULL */
        struct filter_arches *others; /* an architecture that is none of these, or NULL */
};

/* False where nothing is known of what is loaded. */
static bool filter_load(const struct sock_filter *at, const struct filter_call *call,
                        struct filter_value *ret)
{
        *ret = (struct filter_value){ 0 };
        if (at->k == offsetof(struct seccomp_data, nr)) {
                ret->known = call->number;
        } else if (at->k == offsetof(struct seccomp_data, arch)) {
                ret->known = call->arch;
                ret->others = call->others;
        }
        return ret->known || ret->others;
}

static bool filter_put_arch(struct filter_arches *arches, uint32_t arch)
{
        for (size_t i = 0; i < arches->count; i++)
                if (arches->values[i] == arch)
                        return true;
        if (arches->count == FILTER_ARCHES_MAX)
                return false;
        arches->values[arches->count++] = arch;
        return true;
}

/* Over how many instructions a comparison goes; -1 where it is none, or its outcome not known. */
static int filter_branch(const struct sock_filter *at, const struct filter_value *value)
{
        if (!filter_compares(at))
                return -1;
        if (value->known)
                return filter_holds(at, *value->known) ? at->jt : at->jf;
        if (value->others && BPF_OP(at->code) == BPF_JEQ && filter_put_arch(value->others, at->k))
                return at->jf;
        return -1;
}

/*
 * Loads of number and architecture, and comparisons: as long as there is nothing else, each step is
 * known. A load of anything else is a place to go on from, since it puts something else into the
 * only register that was used; whatever it is that comes first otherwise, the filter begins anew.
 */
static struct filter_outcome filter_ask(const struct filter *filter, const struct filter_call *call)
{
        struct filter_value value = { 0 };

        for (size_t i = 0; i < filter->count; i++) {
                const struct sock_filter *at = &filter->code[i];
                int over = 0;

                if (at->code == (BPF_RET | BPF_K))
                        return (struct filter_outcome){ true, at->k };
                if (filter_is_jump(at)) {
                        i += at->k;
                } else if (at->code == (BPF_LD | BPF_W | BPF_ABS)) {
                        if (!filter_load(at, call, &value))
                                return (struct filter_outcome){ false, (uint32_t)i };
                } else {
                        over = filter_branch(at, &value);
                        if (over < 0)
                                break;
                        i += (size_t)over;
                }
        }
        return (struct filter_outcome){ false, 0 };
}

static int filter_compare_numbers(const void *a, const void *b)
{
        uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

        return (one > other) - (one < other);
}

/* Where an answer can change: before and behind each number that anything is compared with. */
static uint32_t *filter_bounds(const struct filter *filter, size_t *ret_count)
{
        uint32_t *bounds = alloc_zero(2 * filter->count + 1, sizeof *bounds);
        size_t count = 1; /* the first is 0 */

        for (size_t i = 0; i < filter->count; i++) {
                if (!filter_compares(&filter->code[i]))
                        continue;
                bounds[count++] = filter->code[i].k;
                if (filter->code[i].k != UINT32_MAX)
                        bounds[count++] = filter->code[i].k + 1;
        }
        qsort(bounds, count, sizeof *bounds, filter_compare_numbers);
        *ret_count = count;
        return bounds;
}

static struct filter_range *filter_ranges(const struct filter *filter, uint32_t arch,
                                          size_t *ret_count)
{
        size_t bound_count, count = 0;
        AUTO_FREE uint32_t *bounds = filter_bounds(filter, &bound_count);
        struct filter_range *ranges = alloc_zero(bound_count, sizeof *ranges);

        for (size_t i = 0; i < bound_count; i++) {
                const struct filter_call call = { .arch = &arch, .number = &bounds[i] };
                const struct filter_range *last = count ? &ranges[count - 1] : NULL;
                struct filter_outcome outcome;

                if (last && last->first == bounds[i])
                        continue;
                outcome = filter_ask(filter, &call);
                if (!last || last->outcome.final != outcome.final ||
                    last->outcome.value != outcome.value)
                        ranges[count++] = (struct filter_range){ bounds[i], outcome };
        }
        *ret_count = count;
        return ranges;
}

/* --- the tree */

/* Until all is written, a leaf that leads on has the place in the filter. */
static void filter_add_leaf(struct filter *tree, struct filter_outcome outcome)
{
        filter_add(tree, outcome.final ? BPF_RET | BPF_K : FILTER_LEADS_ON, 0, 0, outcome.value);
}

/* A tree whose conditional jumps reach has one instruction less than two for each range. */
static void filter_add_search(struct filter *tree, const struct filter_range *ranges, size_t count)
{
        size_t half = count / 2, lower = 2 * half - 1, jump = tree->count + 1;
        bool reaches = lower <= UINT8_MAX;

        if (count == 1) {
                filter_add_leaf(tree, ranges->outcome);
                return;
        }
        filter_add(tree, BPF_JMP | BPF_JGE | BPF_K, reaches ? (uint8_t)lower : 0, !reaches,
                   ranges[half].first);
        if (!reaches)
                filter_add(tree, BPF_JMP | BPF_JA, 0, 0, 0);
        filter_add_search(tree, ranges, half);
        if (!reaches)
                tree->code[jump].k = (uint32_t)(tree->count - jump - 1);
        filter_add_search(tree, ranges + half, count - half);
}

/* All numbers of one architecture; the others jump over them. */
static void filter_add_arch(struct filter *tree, const struct filter *filter, uint32_t arch)
{
        size_t count, jump = tree->count + 1;
        AUTO_FREE struct filter_range *ranges = filter_ranges(filter, arch, &count);

        filter_add(tree, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, arch);
        filter_add(tree, BPF_JMP | BPF_JA, 0, 0, 0);
        filter_add(tree, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
        filter_add_search(tree, ranges, count);
        tree->code[jump].k = (uint32_t)(tree->count - jump - 1);
}

static void filter_add_tree(struct filter *tree, const struct filter *filter)
{
        struct filter_arches arches = { 0 };
        const struct filter_call other = { .others = &arches };
        struct filter_outcome outcome = filter_ask(filter, &other);

        filter_add(tree, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
        for (size_t i = 0; i < arches.count; i++)
                filter_add_arch(tree, filter, arches.values[i]);
        filter_add_leaf(tree, outcome);
}

/* --- what is kept of the filter behind the tree */

/* All jumps lead forward to instructions, and the last one ends it: then no walk leaves it. And the
 * first one loads: whatever the register holds, the filter can begin anew. */
static bool filter_is_sound(const struct filter *filter)
{
        for (size_t i = 0; i < filter->count; i++) {
                const struct sock_filter *at = &filter->code[i];
                size_t left = filter->count - i - 1;

                if (filter_is_jump(at)
                            ? at->k >= left
                            : BPF_CLASS(at->code) == BPF_JMP && (at->jt >= left || at->jf >= left))
                        return false;
        }
        return filter->count && filter->code[0].code == (BPF_LD | BPF_W | BPF_ABS) &&
               BPF_CLASS(filter->code[filter->count - 1].code) == BPF_RET;
}

/* Beside each instruction, whether a leaf or one that is kept leads to it. */
static bool *filter_find_kept(const struct filter *filter, const struct filter *tree)
{
        bool *kept = alloc_zero(filter->count, sizeof *kept);

        for (size_t i = 0; i < tree->count; i++)
                if (tree->code[i].code == FILTER_LEADS_ON)
                        kept[tree->code[i].k] = true;
        for (size_t i = 0; i < filter->count; i++) {
                const struct sock_filter *at = &filter->code[i];

                if (!kept[i] || BPF_CLASS(at->code) == BPF_RET)
                        continue;
                if (filter_is_jump(at)) {
                        kept[i + 1 + at->k] = true;
                } else if (BPF_CLASS(at->code) == BPF_JMP) {
                        kept[i + 1 + at->jt] = true;
                        kept[i + 1 + at->jf] = true;
                } else {
                        kept[i + 1] = true;
                }
        }
        return kept;
}

/* places: of each instruction, counted from the tree's end. What lies between gets less only. */
static struct sock_filter filter_moved(const struct filter *filter, size_t i, const size_t *places)
{
        struct sock_filter at = filter->code[i];

        if (filter_is_jump(&at)) {
                at.k = (uint32_t)(places[i + 1 + at.k] - places[i] - 1);
        } else if (BPF_CLASS(at.code) == BPF_JMP) {
                at.jt = (uint8_t)(places[i + 1 + at.jt] - places[i] - 1);
                at.jf = (uint8_t)(places[i + 1 + at.jf] - places[i] - 1);
        }
        return at;
}

static void filter_add_kept(struct filter *tree, const struct filter *filter)
{
        AUTO_FREE bool *kept = filter_find_kept(filter, tree);
        AUTO_FREE size_t *places = alloc_zero(filter->count, sizeof *places);
        size_t end = tree->count;

        for (size_t i = 0, count = 0; i < filter->count; i++) {
                places[i] = count;
                count += kept[i];
        }
        for (size_t i = 0; i < end; i++) {
                struct sock_filter *at = &tree->code[i];

                if (at->code == FILTER_LEADS_ON)
                        *at = (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0,
                                                    (uint32_t)(end - i - 1 + places[at->k]) };
        }
        for (size_t i = 0; i < filter->count; i++) {
                struct sock_filter at;

                if (!kept[i])
                        continue;
                at = filter_moved(filter, i, places);
                filter_add(tree, at.code, at.jt, at.jf, at.k);
        }
}

bool filter_tree_grow(const struct filter *filter, struct filter *ret)
{
        AUTO_FILTER struct filter tree = { 0 };

        if (filter->count > BPF_MAXINSNS || !filter_is_sound(filter))
                return false;
        filter_add_tree(&tree, filter);
        filter_add_kept(&tree, filter);
        if (tree.count > BPF_MAXINSNS)
                return false;
        *ret = tree;
        tree = (struct filter){ 0 };
        return true;
}
