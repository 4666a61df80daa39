/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One image from one server: its documents, then what the store lacks of its configuration and
 * layers, then the commit. Which server that is, and under which name, has been decided.
 */
#pragma once

#include "pull.h"
#include "reference.h"

/*
 * Fetch what the reference means there; name is the full name, for messages. The id (64 digits) is
 * the caller's.
 */
int pull_server_fetch(struct store *store, const char *name, const struct reference *reference,
                      const struct registries_endpoint *endpoint,
                      const struct pull_options *options, char **ret_id, struct error *err);

/* The platform that is wanted, as far as it was said, and this machine's for the rest. */
struct platform pull_platform(const struct pull_options *options);

struct download;

/* A connection, with or without a download whose progress it shows. To be closed. */
int pull_server_open(const struct pull_options *options, struct download *download_or_null,
                     const struct registries_endpoint *from, struct registry **ret,
                     struct error *err);

/* Would another server not help either? */
bool pull_server_is_last(const struct error *err);

/* all: what each of the servers said, in one line. */
void pull_server_add_error(struct error *all, const struct error *err);
