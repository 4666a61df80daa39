/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All container files that were found, read, and with the names of their units and of what these
 * make: a file refers to others (x.network, x.volume …), so all of them are named before the first
 * is translated. Two processes may share the work: then each reads its own files, is told the names
 * of the others, and asks what became of them where it matters.
 */
#pragma once

#include "reader.h"
#include "report.h"
#include "search.h"

#include <stdbool.h>

struct translation;

struct unit_type {
        const char *extension; /* ".volume" */
        const char *section;   /* "Volume" */
        const char *kept;      /* what the section is called in the unit: "X-Volume" */
        const char *suffix;    /* of the unit's name: "-volume" */
        const char *name_key;  /* the key that names what the unit makes, or NULL */
        unsigned rank;         /* types of lower rank are translated first */
        /* Make the unit. */
        int (*translate)(struct translation *t, struct error *err);
};

extern const struct unit_type unit_types[]; /* ends with a row without extension */
enum {
        UNIT_RANK_POD = 4, /* last: by then, their containers have told them their names */
        UNIT_RANKS
};

/* The type that a file name's extension stands for, or NULL. */
const struct unit_type *unit_type_of(const char *name);

struct unit_source {
        char *path;            /* owned */
        const char *name;      /* its last part, borrowed from path */
        const char *directory; /* borrowed from the search */
        const struct unit_type *type;
        struct unit_file file;
        struct strv paths;      /* of the drop-ins, which lines point at */
        char *service;          /* owned; name of the unit, NULL until it is known */
        char *resource;         /* owned; name of the container, volume, … or NULL */
        struct strv members;    /* of a pod: services that start with it */
        struct unit_file slice; /* of a pod with limits, when it is translated: a unit beside it */
        bool usable;            /* no error so far */
        bool masked;            /* there is to be no unit */
        bool elsewhere; /* another process translates it; of all but pods the file is empty */
};

/* Start with { 0 } and set the first two members. */
struct unit_set {
        const char *program;         /* borrowed; what the units call */
        bool is_user;                /* for a user's own manager */
        struct unit_source *sources; /* owned; sorted by name */
        size_t count;

        /* Whether a file that is elsewhere is usable still; NULL where none is. */
        bool (*ask)(void *context, const struct unit_source *source);
        void *context; /* borrowed; for ask */
};

/* Make all files of the search members of the set, each elsewhere: nothing but its path is known.
 */
void unit_set_list(struct unit_set *set, const struct search *search);

/* Then read those from first up to end; what cannot be read is reported and marked as not usable.
 */
void unit_set_read(struct unit_set *set, const struct search *search, size_t first, size_t end,
                   struct report *report);

/* And what the pods among those elsewhere say, which matters to their containers. */
void unit_set_read_pods(struct unit_set *set, const struct search *search);

/* When all names are known: drop what is masked, and report names that are taken. */
void unit_set_settle(struct unit_set *set, struct report *report);

/* All of it for all files, and name_sources() before the last. */
void unit_set_load(struct unit_set *set, const struct search *search, struct report *report);
void unit_set_free(struct unit_set *set);
#define AUTO_UNIT_SET CLEANUP(unit_set_free)

/* The file of this name, or NULL. */
struct unit_source *unit_set_find(const struct unit_set *set, const char *name);
