/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a registry has, without fetching it. */
#pragma once

#include "pull.h"

/* The digest that the registry has for a name now, of an index where it is one ("sha256:HEX", owned
 * by the caller), from the first server that answers. Only that is asked for. */
int pull_ask_digest(const char *text, const struct pull_options *options, char **ret_digest,
                    struct error *err);

/* The tags of a name's repository, from the first server that answers; as full names, appended. */
int pull_list_tags(const char *text, const struct pull_options *options, struct strv *names,
                   struct error *err);
