/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How far something is that takes its time: on a terminal a bar for each part and one for all, in a
 * pipe a line for each part that is done, under systemd (NOTIFY_SOCKET) the unit's status line, and
 * more time for as long as bytes arrive. One thread calls all of these; a NULL progress is fine and
 * does nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct progress;

enum progress_quiet {
        PROGRESS_SAID,    /* to who looks at standard error, and to systemd */
        PROGRESS_NOTIFIED /* to systemd alone */
};

/* title: "Pulling nginx". patience: seconds that systemd is asked to wait from the last byte on. */
struct progress *progress_new(const char *title, enum progress_quiet quiet, unsigned patience);

/* A part: label is shortened; total 0: not known. Returns its number. */
size_t progress_add(struct progress *progress, const char *label, uint64_t total);
/* So many bytes of it are done. */
void progress_set(struct progress *progress, size_t part, uint64_t done);
/* Now it is known how many there are. */
void progress_set_total(struct progress *progress, size_t part, uint64_t total);
void progress_finish(struct progress *progress, size_t part);

/* Bytes of all parts. */
uint64_t progress_bytes(const struct progress *progress);

/* Call it as often as you like: it shows something only now and then. */
void progress_show(struct progress *progress);
/* A line of text, above the bars. */
void progress_say(struct progress *progress, const char *text);

/* The bars go; what was said in lines stays. */
void progress_end(struct progress **progress);
#define AUTO_PROGRESS CLEANUP(progress_end)
