/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units that are made and wait to be written, a few at a time. Two processes that make file after
 * file in one directory would mostly wait for each other in the kernel, at one file after another;
 * so they take turns with the directory, and while it is the other's, the batch grows.
 */
#pragma once

#include "../src/unit/install.h"
#include "output.h"
#include "partner.h"
#include "transcript.h"

#include <stdbool.h>

enum {
        BATCH_UNITS = 64,        /* so many wait at most */
        BATCH_WORTH = 16,        /* so many are worth a turn */
        BATCH_TEXT = 256 * 1024, /* bytes; the unit that brings so many is the last */
};

struct batch_unit {
        char *name;                  /* owned */
        size_t start, length;        /* of its part of the text */
        int fd;                      /* owned; of its file, while it is being written */
        struct install install;      /* its links */
        enum transcript_stage stage; /* of what is to be said when it is written */
        bool written;
};

/* Start with { 0 }. */
struct batch {
        struct strbuf text; /* of all units; one that is being made is appended here */
        struct batch_unit units[BATCH_UNITS];
        size_t count;
};

/* The text from start on is the unit of this name. Takes over what install has. */
void batch_add(struct batch *batch, const char *name, size_t start, struct install *install,
               enum transcript_stage stage);

/* Write all units and their links, and empty the batch. Where a unit cannot be written, no link
 * leads to it. Links with the unit's name are its own; of others, whoever comes last has it, so
 * that they are kept in the transcript, and so is what fails. */
void batch_write(struct batch *batch, const struct output *output, const struct partner *partner,
                 struct transcript *transcript);

/* The same where it is worth it and it is our turn, or there is no room for more. */
void batch_write_some(struct batch *batch, const struct output *output,
                      const struct partner *partner, struct transcript *transcript);

void batch_free(struct batch *batch);
