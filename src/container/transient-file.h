/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file that systemd writes of a transient unit, and reads again at the next daemon-reload. Its
 * commands do not come back as they were given: 252 calls them ExecStartEx= and ExecStopEx=, which
 * it does not know in a file, and has a unit without commands then; later versions write escapes
 * (`\;`) that they do not read. These lines are written anew here, as in any other unit.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

/* The text with these commands in place of its own. Owned by the caller; NULL where it has none. */
char *transient_file_rewrite(const char *text, const struct strv *start, const struct strv *stop);

/* The file of this unit; as old as it was, so that systemd does not take it for changed. */
int transient_file_mend(const char *unit, const struct strv *start, const struct strv *stop,
                        struct error *err);
