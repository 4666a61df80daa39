/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options about registries that several commands have, and what they mean together with the
 * settings. */
#pragma once

#include "../base/option.h"
#include "../base/settings.h"
#include "../registry/registry.h"

struct registry_arguments {
        char *authfile, *creds, *cert_dir, *retry, *retry_delay; /* owned */
        int tls_verify; /* true, false, or -1: as registries.conf says; to begin with */
};

void registry_arguments_free(struct registry_arguments *arguments);

/* For option tables: the row's field is the offset of an int. */
int registry_take_tls_verify(void *context, const struct option_row *row, const char *value,
                             struct error *err);

/* Fill in what arguments and settings say; both are borrowed. */
int registry_arguments_apply(const struct registry_arguments *arguments,
                             const struct settings *settings, struct registry_options *ret,
                             struct error *err);
