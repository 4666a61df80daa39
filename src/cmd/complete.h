/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Completion for shells: what may follow on a command line, from the same tables that parse it. The
 * scripts in units/completion ask `crunit __complete WORD…`, the words behind "crunit" up to the
 * one being written (which may be empty). Each line of the answer is a candidate, with a tab and a
 * description behind it where there is one; or a colon and a kind of thing the shell has to find
 * itself:
 *     :files, :dirs            paths
 *     :containers, :images, …  what `crunit __names KIND` prints
 */
#pragma once

#include "cmd.h"

#include <stdio.h>

/* words: what stands behind the program's name. */
void complete_print(const struct cmd *table, int count, char *const *words, FILE *out);

/* The row of the table that the words (without the last one) are arguments of; NULL while they are
 * still naming a command. */
const struct cmd *complete_command(const struct cmd *table, int count, char *const *words);
