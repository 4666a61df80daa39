/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other process. With many files the generator forks, and both do the same work, each for its
 * share of the files: the first half is the parent's, the second half the child's. They share
 * nothing but the directories, one byte for each file, and a socket:
 *
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

struct partner {
        FILE *in;          /* owned; from the other; NULL: we are alone */
        pid_t child;       /* 0: that is us */
        size_t first, end; /* our share, of so many files */
        size_t count;
        atomic_uchar *outcomes; /* owned; shared with the other */
};

/* Divide the work on so many files, where that is worth a process and one can be had. Returns
 * twice then; alone asks for a single process in any case. */
void partner_start(struct partner *partner, size_t count, bool alone);

/* Tell our names and hear the other's. False where the other is gone. */
bool partner_trade_names(struct partner *partner, struct unit_set *set);

/* Tell what became of the file with this index; ask, which waits until it is known. */
void partner_tell(const struct partner *partner, size_t index, bool usable);
bool partner_ask(const struct partner *partner, size_t index);

/* Tell the parent something; false where it is gone. It reads from in. */
bool partner_send(const struct partner *partner, const struct strbuf *text);

/* Wait for the child's end; whole: it said all that was expected. An error where anything went
 * wrong. */
int partner_wait(struct partner *partner, bool whole, struct error *err);

void partner_free(struct partner *partner);
