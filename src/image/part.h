/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A blob that is being downloaded to the store's tmp/HEX.part. Whoever holds its flock is the one
 * that downloads it: others wait until it is in the store, or until the lock is free and they can
 * go on with what is there. A file only ever grows; one that proved wrong is unlinked, never cut,
 * since another process may read it.
 *
 * Who holds parts says now and then that he gets on (part_touch): the file's time. Where that
 * stands still for PART_PATIENCE, a waiting process helps itself. So it does where the file does
 * not grow by PART_STEP in PART_SLOW and comes from another server than its own: one that gives a
 * byte now and then is in nobody's way but its own images'.
 */
#pragma once

#include "store.h"

#include <time.h>

enum {
        PART_PATIENCE = 10,  /* seconds */
        PART_SLOW = 60,      /* seconds */
        PART_STEP = 4 << 20, /* bytes */
        PART_FROM_MAX = 511  /* bytes of a server's name that are noted */
};

struct part {
        char *name;    /* owned; in tmp/; NULL: none is held */
        int fd;        /* owned; holds the lock; read and write; or -1 */
        uint64_t have; /* bytes that were there when it was taken */
};

#define PART_NONE                                                                                  \
        {                                                                                          \
                .fd = -1                                                                           \
        }

/* Take it, and make it where there is none: 1; 0: another process has it. A file of more than most
 * bytes is replaced. from: the server it is going to come from. */
int part_take(const struct store *store, const char *digest, uint64_t most, const char *from,
              struct part *ret, struct error *err);

void part_touch(const struct part *part);

/* Let go of it: a later pull goes on with what is there. */
void part_release(const struct store *store, struct part *part);
/* Let go of it, and remove what is there. Where it was moved to the store that is nothing. */
void part_discard(const struct store *store, struct part *part);

/* What somebody who waits has seen of a part; zeroed at first. */
struct part_watch {
        struct timespec touched; /* the file's time, as last seen */
        time_t since;            /* when it was seen to change; by the monotonic clock */
        uint64_t size;           /* the file's size, by whose growth */
        time_t grown;            /* it was seen to grow enough */
};

/* Has the one who holds it stood still for too long, or is its server, if that is not the one that
 * we have it from, too slow? Also where the file has gone meanwhile: no. */
bool part_is_stuck(const struct store *store, const char *digest, const char *from,
                   struct part_watch *watch);
