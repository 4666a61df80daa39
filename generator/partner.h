/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other process. With many files the generator forks, and both do the same work, each for its
 * share of the files: the parent takes them from the front, the child from the back, a few at a
 * time, until they meet, so that who is faster has more. They share nothing but the directories, a
 * counter, a flag, one byte for each file, and a socket:
 *
 *   counter    how much of the files is taken
 *   flag       who writes units has the directory for itself
 *   names      when each has read its files, it tells the other their units and what these make
 *   outcomes   the bytes: whether a file was translated, so that one that refers to it can tell
 *   the rest   at the end the child tells its messages; the parent has the last word
 *
 * Each translates its files in the one order that a single process would have, and waits for none
 * but files that come before, so that the two never wait for each other. Who dies is noticed by the
 * other's waiting for it: its files count as unusable, and the parent says so.
 */
#pragma once

#include "../src/base/error.h"
#include "../src/unit/set.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct partner_shared {
        atomic_size_t taken; /* how many portions are */
        atomic_bool writing; /* one of the two is */
        atomic_uchar outcomes[];
};

struct partner {
        FILE *in;          /* owned; from the other; NULL: we are alone */
        pid_t child;       /* 0: that is us */
        size_t first, end; /* our share as far as it is taken, of so many files */
        size_t count;
        size_t portion;                /* so many are taken at once */
        size_t own;                    /* how many portions we took */
        struct partner_shared *shared; /* owned */
};

/* Divide the work on so many files, where that is worth a process and one can be had. Returns
 * twice then; alone asks for a single process in any case. */
void partner_start(struct partner *partner, size_t count, bool alone);

/* There are two of us, and this is the child. */
bool partner_is_child(const struct partner *partner);

/* Take some files; the child's are in front of those it took before. False where no more are left:
 * then the share is whole. */
bool partner_take(struct partner *partner, size_t *ret_first, size_t *ret_end);

/* Tell our names and hear the other's. False where the other is gone. */
bool partner_trade_names(struct partner *partner, struct unit_set *set);

/* Tell what became of the file with this index; ask, which waits until it is known. */
void partner_tell(const struct partner *partner, size_t index, bool usable);
bool partner_ask(const struct partner *partner, size_t index);

/* Begin our turn to write units, if it is not the other's; or wait for it; and end it. This only
 * saves time: the wait is limited, and then both write. */
bool partner_try_enter(const struct partner *partner);
void partner_enter(const struct partner *partner);
void partner_leave(const struct partner *partner);

/* Tell the parent something; false where it is gone. It reads from in. */
bool partner_send(const struct partner *partner, const struct strbuf *text);

/* Wait for the end of a child that did not say all that was expected, and say why. */
void partner_explain(struct partner *partner, struct error *err);

/* Waits for the child, too. */
void partner_free(struct partner *partner);
