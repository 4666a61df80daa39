/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands `crunit quadlet …` have in common: where container files are and go, and what
 * they ask systemd. */
#pragma once

#include "../base/error.h"
#include "../base/option.h"
#include "../base/str.h"
#include "../unit/search.h"
#include "../unit/set.h"

#include <stdbool.h>

struct quadlet_options {
        char *format;      /* owned */
        char *application; /* owned; the sub-directory to use */
        struct strv filters;
        bool is_user;
        bool keep_systemd; /* do not make systemd read the units anew */
        bool all, force, ignore, no_heading, replace;
};

void quadlet_options_free(struct quadlet_options *options);
#define AUTO_QUADLET_OPTIONS CLEANUP(quadlet_options_free)

/* --reload-systemd is true unless it says otherwise. */
option_function quadlet_take_reload;

/* Where container files are installed: the system's directory, or the user's own. Owned. NULL where
 * there is no home. */
char *quadlet_directory(bool is_user, struct error *err);

/* All files that the generator sees. Start with { 0 } each. */
struct quadlet_files {
        struct search search;
        struct unit_set set;
        char *directory; /* owned; quadlet_directory() as a real path where it exists, or NULL */
};

void quadlet_load(struct quadlet_files *files, bool is_user);
void quadlet_files_free(struct quadlet_files *files);
#define AUTO_QUADLET_FILES CLEANUP(quadlet_files_free)

/* The application a file belongs to: the directory below the one container files are installed in.
 * Owned, NULL where there is none. */
char *quadlet_application(const struct quadlet_files *files, const struct unit_source *source);

/* Have systemd read units anew, unless that is not wanted. */
int quadlet_reload(const struct quadlet_options *options, struct error *err);

/* The start of a systemctl command line. */
void quadlet_systemctl(bool is_user, struct strv *ret);

/* "active/running" and so on for each source, or "Not loaded"; a strv with as many items. */
void quadlet_states(const struct quadlet_files *files, bool is_user, struct strv *ret);
