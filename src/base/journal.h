/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One entry of several fields to the journal, as systemd's Native Journal Protocol has it, without
 * its library. */
#pragma once

#include "str.h"

/* What an entry of ours is about (MESSAGE_ID=). */
#define JOURNAL_HEALTH "3a6de02da7114ab69ed9b08020bff26c" /* CRUNIT_HEALTH= is the status now */
#define JOURNAL_OOM                                                                                \
        "9b86c10127ec437f967d131f18c90c03" /* the kernel killed processes for want of memory */

/* The entry as it goes over the wire, of NAME=VALUE words; values may have any number of lines. */
void journal_format(const struct strv *fields, struct strbuf *ret);

/* Write it. Where no journal listens, or it does not take the entry, nothing happens. */
void journal_send(const struct strv *fields);

/*
 * journald files a line under a unit by looking at the process that wrote it, and an error is often
 * the last thing a process says: once it is gone, `journalctl -u` does not show its reason any
 * more. So it is given a moment to take what was written to this stream or socket of its.
 */
void journal_wait_taken(int fd);
