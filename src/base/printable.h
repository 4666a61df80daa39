/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text of others (names, labels, commands, lines of a container) on its way to a terminal: what
 * moves the cursor, changes colours or sets the title must not get there.
 */
#pragma once

/* Put a `?` in place of each control character (C0, DEL, and C1 in UTF-8), but those in keep. */
void printable_mask(char *text, const char *keep);
