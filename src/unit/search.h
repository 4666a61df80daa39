/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where container files are: the directories of podman-systemd.unit(5), walked in their order, each
 * sub-directory behind its parent. Of files with the same name the one found first counts.
 * Directories whose name ends in .d hold drop-ins and are not descended into.
 */
#pragma once

#include "report.h"

#include "../base/str.h"

#include <stdbool.h>
#include <sys/types.h>

struct unit_type;

struct search_file {
        const char *directory; /* borrowed from the search */
        char *name;            /* owned */
        const struct unit_type *type;
        bool regular; /* known to be a regular file; else it may be anything */
};

/* Start with { 0 }. */
struct search {
        struct strv directories;   /* each one that was walked, its real path */
        struct strv excluded;      /* real paths of trees not to enter */
        struct search_file *files; /* owned; in order, without those that are masked */
        size_t count;
        size_t capacity;
        struct strv dropins; /* paths of the .d directories, in the order of their parents */
};

/* Find out where to look. root is put in front of the fixed paths ("" for none); directories is
 * the value of QUADLET_UNIT_DIRS or NULL; is_user is for the units of a user's own manager. */
void search_run(struct search *search, const char *root, bool is_user, const char *directories,
                struct report *report);
void search_free(struct search *search);
#define AUTO_SEARCH CLEANUP(search_free)

/* The drop-in files of a container file, in the order in which they apply. */
void search_dropins(const struct search *search, const char *name, struct strv *ret,
                    struct report *report);
