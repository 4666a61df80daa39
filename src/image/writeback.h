/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lets the disk begin with what is being unpacked while the rest is still to come: a thread of its
 * own syncs the file system each time that WRITEBACK_BYTES more were written, so that the sync that
 * counts (intake_commit()) finds little left to do. Nothing relies on this one: where there is no
 * thread, or the disk fails, that one waits longer, or says so.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
        WRITEBACK_BYTES = 32 << 20,
        /* A disk that takes so long for a turn is left alone from there: whoever interrupts us
         * would have to wait for the next turn as well. */
        WRITEBACK_PATIENCE_MS = 1000
};

/* All zeros: nothing runs. */
struct writeback {
        int fd; /* owned; of its own, or it would take errors from the sync that counts */
        pthread_t thread;
        bool running;
        _Atomic uint64_t bytes;

        pthread_mutex_t mutex; /* of the two below */
        pthread_cond_t changed;
        bool due, stop;
};

/* directory: on the file system in question. */
void writeback_start(struct writeback *writeback, int directory);

/* So many bytes more were written; by any thread. */
void writeback_add(struct writeback *writeback, uint64_t bytes);

/* Waits for the turn that is under way. All zeros again. */
void writeback_stop(struct writeback *writeback);
