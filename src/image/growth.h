/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How far a file has got that one thread appends to while another reads it. Who appends always ends
 * it, whatever happens: nobody waits for ever.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct growth {
        pthread_mutex_t mutex; /* of all below */
        pthread_cond_t changed;
        uint64_t size; /* bytes that are in the file */
        bool ended;    /* there will be no more */
        bool broken;   /* … and that is not all */
};

void growth_begin(struct growth *growth, uint64_t size);
void growth_free(struct growth *growth);

/* size: bytes in all, not less than before. */
void growth_reach(struct growth *growth, uint64_t size);
void growth_end(struct growth *growth, bool complete);

/* Wait until there are more than offset bytes. Returns 1 and how many there are; 0: offset is the
 * end; -1: it was broken off. */
int growth_wait(struct growth *growth, uint64_t offset, uint64_t *ret_size);
