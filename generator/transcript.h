/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to happen in one order, whoever finds it when: messages, and links whose name another
 * unit may claim too. It is kept by the stage of the work that it belongs to and done at the end;
 * within a stage, files have the order of their names.
 */
#pragma once

#include "../src/base/str.h"
#include "../src/unit/report.h"
#include "../src/unit/set.h"
#include "output.h"

#include <stdbool.h>
#include <stdio.h>

enum transcript_stage {
        STAGE_READ,
        STAGE_NAME,
        STAGE_COMPARE,
        STAGE_TRANSLATE,                            /* and so on for the other ranks */
        STAGE_WRITE = STAGE_TRANSLATE + UNIT_RANKS, /* the same */
        STAGES = STAGE_WRITE + UNIT_RANKS
};

/* Start with { 0 }. */
struct transcript {
        struct strbuf stages[STAGES];
        enum transcript_stage stage; /* of messages to come */
};

/* For a report: keep the message; context is the transcript. */
void transcript_take(void *transcript, const struct report_message *message);

/* Keep a message, or a link, of another stage. */
void transcript_add_error(struct transcript *transcript, enum transcript_stage stage,
                          const char *message);
void transcript_add_link(struct transcript *transcript, enum transcript_stage stage,
                         const char *path, const char *target);

/* Append it in a form that transcript_read() appends to another one. False where it ends early. */
void transcript_write(const struct transcript *transcript, struct strbuf *buf);
bool transcript_read(struct transcript *transcript, FILE *in);

/* Make the links, and report messages and what fails; output may be NULL where there are none. */
void transcript_play(const struct transcript *transcript, const struct output *output,
                     struct report *report);

void transcript_free(struct transcript *transcript);
