/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the messages about container files go. One file may be worth several of them, and a bad
 * file must not end the work on the others, so they are handed over as they are found; the program
 * decides where they are printed.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>

enum report_level {
        REPORT_DETAIL, /* only of interest with -v */
        REPORT_WARNING,
        REPORT_ERROR, /* costs a unit or a part of one */
};

struct report {
        void (*take)(void *context, enum report_level level, const char *text);
        void *context;   /* borrowed; for take */
        unsigned errors; /* how many were REPORT_ERROR */
        bool details;    /* whether anybody wants to hear REPORT_DETAIL */
};

void report_detail(struct report *report, const char *format, ...) PRINTF_LIKE(2, 3);
void report_warning(struct report *report, const char *format, ...) PRINTF_LIKE(2, 3);
void report_error(struct report *report, const char *format, ...) PRINTF_LIKE(2, 3);

/* Report the message of err and clear it. */
void report_failure(struct report *report, struct error *err);
