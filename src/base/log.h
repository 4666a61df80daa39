/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a program says to its user on stderr. Only programs (main and the subcommands) call this;
 * everything below returns errors. Under systemd (JOURNAL_STREAM names our stderr) each line
 * carries its level as a "<N>" prefix (sd-daemon(3)), elsewhere "crunit: " and "warning: " as
 * words. With CRUNIT_LOG_LEVEL=error (--log-level) warnings are left out.
 */
#pragma once

#include "attr.h"
#include "error.h"

#include <stdbool.h>

void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning_line(const char *line); /* the same, as a function to be called with a line */
void log_notice(const char *format, ...) PRINTF_LIKE(1, 2); /* worth a look, nothing is wrong */
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);

/* Is standard error a stream to the journal? */
bool log_to_journal(void);

/* Print the error's message and return 125: the exit status of a command that did not work, as
 * podman has it. */
int log_failure(const struct error *err);
