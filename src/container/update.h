/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Updates of running containers whose label io.containers.autoupdate asks for them:
 *
 *     registry   the name of the image has another digest in the registry: it is pulled
 *     local      the name means another image in the store than the one the container runs
 *
 * What runs an older image than its name means is restarted by its unit, one after the other. Where
 * the unit does not come up, the name goes back to the image it had before, which is kept until
 * then, and the unit is restarted once more. Nothing else is restarted.
 *
 * The registry is asked once for each name; crunit-image does that, and the pulling.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>
#include <stdbool.h>

struct update_options {
        const char *storage;  /* borrowed, as all of these; the store's directory */
        const char *authfile; /* or NULL; a container's label io.containers.autoupdate.authfile
                                 goes before it */
        int tls_verify;       /* 1, 0; -1: as registries.conf says */
        bool dry_run;         /* find out, and change nothing */
        bool rollback;
        const sigset_t *signals; /* the mask programs start with */
        void (*warn)(const char *line);
};

/* One container. */
struct update_row {
        char *unit, *container, *id; /* owned */
        char *image;                 /* owned; the full name */
        char *image_id;              /* owned; what it runs */
        char *policy, *authfile;     /* owned; authfile or NULL */
        bool stale;                  /* the registry has another one */
        const char
                *updated; /* "true", "false", "pending", "rolled back", "failed"; NULL: not yet */
};

struct update {
        struct update_row *rows; /* owned */
        size_t count;
        bool failed; /* something did not work, and was said */
};

/* Find them all and do it. -1 only where nothing could be done at all, or with EINTR. */
int update_run(const struct update_options *options, struct update *ret, struct error *err);
void update_free(struct update *update);
#define AUTO_UPDATE CLEANUP(update_free)
