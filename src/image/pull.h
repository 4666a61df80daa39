/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bring an image from a registry into the store: name → servers to ask (registries.h) → manifest
 * (pull-plan.h) → configuration and layers (download.h) → commit (intake.h). What is in the store
 * already is not fetched, whatever its name. The servers are asked in turn: where one fails, be it
 * in the middle, the next one goes on with what is there.
 *
 * index.json gets the document that the name leads to, an index where that is one, so that the
 * image is found by that digest as well. An image of another platform than this machine's is noted
 * by its own manifest.
 */
#pragma once

#include "../base/progress.h"
#include "../registry/registries.h"
#include "../registry/registry.h"

#include "platform.h"
#include "store.h"

enum pull_policy {
        PULL_ALWAYS,  /* ask the registry, fetch what is missing (the default) */
        PULL_MISSING, /* only where the store has no image of that name */
        PULL_NEVER,
        PULL_NEWER /* as PULL_ALWAYS, but an image of the store will do where the registry fails */
};

struct pull_options {
        /* Without cancel, poll, notice and context, which are ours. */
        struct registry_options network;
        const struct registries *registries; /* borrowed */
        struct platform platform;            /* borrowed strings; all NULL: this machine's */
        int tls_verify;                      /* 1, 0; -1: as registries.conf says */
        bool keep_blobs;                     /* keep the layers as they came as well */
        const struct strv *nearby;           /* borrowed; additional stores' roots, or NULL */
        enum pull_policy policy;
        unsigned threads;                    /* 0: by the processors there are */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop, with EINTR; or NULL */
        struct progress *progress;           /* borrowed; or NULL */
        void (*notice)(void *context, const char *message); /* for the user; or NULL */
        /* Ask which of several full names a short one is meant to be: its place among them; NULL:
         * there is nobody to be asked. */
        int (*choose)(void *context, const char *name, const struct strv *names, size_t *ret,
                      struct error *err);
        void *context;
};

/* text: a name, short or full. The id (64 digits) is the caller's. The store is open in STORE_MAKE.
 */
int pull_image(struct store *store, const char *text, const struct pull_options *options,
               char **ret_id, struct error *err);

/* Fetch what the store lacks of an image that it has, also of other platforms that are in it: name
 * is that of an entry, and what has its digest is asked for, wherever the name leads by now. */
int pull_again(struct store *store, const char *name, const struct pull_options *options,
               struct error *err);
