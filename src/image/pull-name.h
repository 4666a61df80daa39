/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what was written to full names, and from a full name to the servers that may have it: what
 * registries.h knows, and what a person on the terminal answers where a short name may mean several
 * images.
 */
#pragma once

#include "pull.h"
#include "reference.h"

struct pull_names {
        struct reference reference; /* owned; what was written */
        struct strv names;          /* owned; full names, to be tried in this order */
        bool chosen;                /* somebody was asked, and names is the answer */
};

/* Fails as registries_expand() does; ECANCELED where who was asked did not choose. */
int pull_names_expand(const char *text, const struct pull_options *options, struct pull_names *ret,
                      struct error *err);
void pull_names_free(struct pull_names *names);
#define AUTO_PULL_NAMES CLEANUP(pull_names_free)

/* It was there: note the answer, so that nobody is asked again. Where that fails there is a notice.
 */
void pull_names_note(const struct pull_names *names, const struct pull_options *options);

/* What a server is asked: 0 where it had an answer. */
typedef int pull_ask(void *context, const struct registries_endpoint *endpoint, struct error *err);

/* Ask the servers of a full name in turn, until one has answered, or another would not help either.
 * Fails with what all of them said. */
int pull_ask_servers(const char *name, const struct pull_options *options, pull_ask *ask,
                     void *context, struct error *err);
