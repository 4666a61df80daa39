/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ids that are set aside for somebody: /etc/subuid and /etc/subgid (subuid(5)), lines of
 * NAME:FIRST:COUNT.
 */
#pragma once

#include "../base/error.h"
#include "idmap.h"

struct subid_files {
        const char *uids, *gids; /* paths; borrowed */
};

/* "/etc/subuid", "/etc/subgid" */
extern const struct subid_files subid_system_files;

/* The ranges of that name in one of the files, one behind the other from id 0 on inside, in the
 * order of their ids outside. ENOENT where there is none. */
int subid_read(const char *path, const char *name, struct idmap *ret, struct error *err);

/* The same of a file's text; path is for messages. */
int subid_parse(const char *text, const char *path, const char *name, struct idmap *ret,
                struct error *err);
