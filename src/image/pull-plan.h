/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the documents of a registry say has to be done, as a value: from a name's manifest or index
 * to the layers of one image for one platform. Nothing is fetched or written here. The bytes come
 * from outside; that they have the digests they were asked for by is checked before.
 */
#pragma once

#include "load-plan.h"
#include "manifest.h"
#include "platform.h"
#include "reference.h"

enum {
        PULL_MAX_NESTING = 4 /* indexes that lead to indexes */
};

struct pull_document {
        const char *data; /* borrowed; NUL-terminated */
        size_t length;
        const char *media_type; /* borrowed; what the registry or a descriptor calls it, or NULL */
        const char *digest;     /* borrowed */
};

/*
 * Read a manifest or an index; of an index, the descriptor for the wanted platform as well
 * (*ret_child, borrowed from ret; NULL for a manifest). Everything in it is of a kind that we can
 * use: EPROTONOSUPPORT with the reason where not, ENOEXEC where nothing is for that platform.
 */
int pull_plan_read(const struct pull_document *document, const struct platform *wanted,
                   const char *name, struct manifest *ret, const struct descriptor **ret_child,
                   struct error *err);

/* The type to note for a document: its own word, else the registry's, else what it looks like.
 * Owned by the caller. */
char *pull_plan_type(const struct pull_document *document, const struct manifest *manifest);

/*
 * Add the image of a manifest and its configuration to the plan: its layers, and the documents.
 * ENOEXEC with both platforms where it is for another one than the wanted (reference: for
 * messages).
 */
int pull_plan_add(struct load_plan *plan, const struct manifest *manifest,
                  const struct pull_document *config, const struct platform *wanted,
                  const char *reference, struct load_image **ret_image, struct error *err);

/* The name of what is pulled: with its digest where it was asked for by that, else with its tag.
 * Owned by the caller. */
char *pull_plan_name(const struct reference *reference);
