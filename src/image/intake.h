/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images on their way into the store, wherever they come from: a directory of our own in tmp/, a
 * plan, layers that are unpacked side by side by worker threads, and the commit: everything goes on
 * disk (one syncfs), then to its place (renames), then gets a name (index.json, under the exclusive
 * lock). Nothing has a name before each blob was compared with its descriptor and each layer with
 * the configuration's diff id. A failure, a signal, a kill or a power cut before the end leaves the
 * store's images as they were.
 *
 * Other processes may be at work in the same store, with the same layers: what both make is there
 * once, and what this one counts on is kept (work_keep()).
 */
#pragma once

#include "load-plan.h"
#include "nearby.h"
#include "store-work.h"
#include "writeback.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum {
        INTAKE_MAX_THREADS = 4
};

/* Do what has to be done for layer i; called by a worker thread. */
typedef int intake_take(void *context, size_t i, struct error *err);

struct intake {
        /* The caller's, before intake_begin(): */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop and clean up; or NULL */
        unsigned threads; /* 0: by the processors there are; at most INTAKE_MAX_THREADS */
        void (*tick)(void *context); /* called now and then by intake_wait(); or NULL */

        struct store *store; /* borrowed; STORE_MAKE */
        struct work work;
        struct load_plan plan;
        bool begun;

        /* The workers: */
        intake_take *take;
        void *context;
        pthread_t workers[INTAKE_MAX_THREADS];
        unsigned started;
        unsigned processors;       /* that threads are counted for */
        atomic_size_t next;        /* the layer that the next free thread takes */
        atomic_bool stop;          /* one has failed */
        atomic_uint spare;         /* processors without a layer: they help with the others */
        _Atomic uint64_t progress; /* raw bytes */
        atomic_size_t implied;     /* bytes of the names of all directories that layers imply */
        pthread_mutex_t mutex;     /* of the two below */
        pthread_cond_t done;
        unsigned running;
        struct error failure; /* the first */
        struct writeback writeback;
};

#define INTAKE_NONE                                                                                \
        {                                                                                          \
                .work = {.fd = -1 }                                                                \
        }

/* intake is INTAKE_NONE but for what the caller sets; kind names the directory. */
int intake_begin(struct intake *intake, struct store *store, const char *kind, struct error *err);
/* The workers have ended. */
void intake_end(struct intake *intake);
#define AUTO_INTAKE CLEANUP(intake_end)

/* From here on, what the plan names and the store has stays there; what is looked for after this
 * (intake_has) is there until intake_end(). intake_keep_locked() is for who has locked the store.
 */
int intake_keep(struct intake *intake, struct error *err);
int intake_keep_locked(struct intake *intake, struct error *err);

/* Does the store have it, in "layers" or "blobs/sha256"? */
bool intake_has(const struct intake *intake, const char *directory, const char *digest);

bool intake_cancelled(const struct intake *intake);

/* Start workers, which call take for each layer of the plan. */
int intake_start(struct intake *intake, intake_take *take, void *context, struct error *err);
/* Wait for all of them; the first failure counts. */
int intake_wait(struct intake *intake, struct error *err);
/* Has one failed, or is all of it cancelled? */
bool intake_stopped(const struct intake *intake);
/* Make the workers stop for this reason, which is taken over where it is the first. */
void intake_fail(struct intake *intake, struct error *err);

/* For take: unpack what the stream gives, and compare the digests with what they have to be. name
 * is for messages. */
int intake_unpack(struct intake *intake, size_t i, struct stream *stream, const char *name,
                  struct error *err);

/* Layer i is used where another store has it, instead of being unpacked. */
int intake_link_layer(struct intake *intake, size_t i, const struct nearby_layer *found,
                      struct error *err);

/* Put all of it into the store. The images' names (or "sha256:ID" where one has none) are appended
 * to names; NULL: index.json stays as it is. */
int intake_commit(struct intake *intake, struct strv *names, struct error *err);
