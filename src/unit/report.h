/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the messages about container files go. One file may be worth several of them, and a bad
 * file must not end the work on the others, so they are handed over as they are found; the program
 * decides where they are printed, and how.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>

enum report_level {
        REPORT_DETAIL, /* only of interest with -v */
        REPORT_INFO,   /* nothing is wrong, but worth to know; `crunit check` alone has these */
        REPORT_WARNING,
        REPORT_ERROR, /* costs a unit or a part of one */
};

/* One message; all of it is borrowed for the time of the call. */
struct report_message {
        enum report_level level;
        struct error_place place; /* text does not say it again */
        const char *unit;         /* name of the container file that was translated, or NULL */
        const char *alias;        /* what Podman's generator says instead, or NULL */
        const char *text;
};

struct report {
        void (*take)(void *context, const struct report_message *message);
        void *context;    /* borrowed; for take */
        const char *unit; /* borrowed; for the messages to come */
        unsigned errors;  /* how many were REPORT_ERROR */
        bool details;     /* whether anybody wants to hear REPORT_DETAIL */
};

void report_detail(struct report *report, const char *format, ...) PRINTF_LIKE(2, 3);
void report_warning(struct report *report, const char *format, ...) PRINTF_LIKE(2, 3);
void report_error(struct report *report, const char *format, ...) PRINTF_LIKE(2, 3);

/* About a place in a file. */
void report_at(struct report *report, enum report_level level, struct error_place place,
               const char *format, ...) PRINTF_LIKE(4, 5);

/* Report the message of err, if it has one, and clear it. */
void report_failure(struct report *report, struct error *err);
void report_problem(struct report *report, enum report_level level, struct error *err);

/* The message as one line: what Podman's generator says, place, text. Owned. */
char *report_line(const struct report_message *message);
