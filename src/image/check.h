/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is what the store has what it says it has? Every document and blob is read and compared with its
 * digest, every layer with what its blob unpacks to; of other platforms that an index brought along
 * (carried.h), the documents and blobs. What can be rebuilt without a network is, if
 * asked to: a layer, from its blob. A damaged blob of a layer can only be taken away, so that the
 * next pull or load brings it again.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include "store.h"

#include <signal.h>

enum check_kind {
        CHECK_DAMAGED,   /* something is wrong, and still is */
        CHECK_REPAIRED,  /* it was */
        CHECK_UNCHECKED, /* there is nothing to compare it with */
};

/* One finding: text says what and how; images (borrowed) which ones it concerns. */
typedef void check_report_function(void *context, enum check_kind kind, const char *text,
                                   const struct strv *images);

struct check_options {
        bool repair;
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop; or NULL */
        check_report_function *report;
        void *context; /* of report */
};

/* Check these images (all where there are none); the store is STORE_MAKE. Returns the number of
 * damages that are left. */
int check_images(struct store *store, char *const *references, const struct check_options *options,
                 struct error *err);
