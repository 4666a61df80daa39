/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run another program to its end and read what it says. No shell is in between. */
#pragma once

#include "error.h"
#include "str.h"

enum {
        SPAWN_OUTPUT_MAX = 4 << 20, /* bytes */
        SPAWN_NOT_FOUND = 127       /* exit status where there is no such program */
};

enum spawn_output {
        SPAWN_INHERIT, /* the program writes where we write */
        SPAWN_STDOUT,  /* read its standard output */
        SPAWN_BOTH,    /* read standard error with it */
};

/*
 * words[0] is looked for in $PATH, environment are NAME=VALUE words to add to ours (or NULL).
 * *ret_text is what was read, owned by the caller, and may be NULL with SPAWN_INHERIT. Returns the
 * exit status, 128 plus the signal's number where one ended it, or -1.
 */
int spawn_run(const struct strv *words, const struct strv *environment, enum spawn_output output,
              char **ret_text, struct error *err);
