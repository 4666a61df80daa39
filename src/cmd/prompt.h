/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ask a person on the terminal. Answers are one line, owned by the caller, at most PROMPT_MAX
 * bytes; one that is longer, no line at all, or a signal (EINTR) is an error. */
#pragma once

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
        PROMPT_MAX = 4096
};

/* Is there somebody to ask? */
bool prompt_is_possible(void);

int prompt_line(const char *question, char **ret, struct error *err);

/* Warn that all of something goes away, and ask whether it is meant: 1 yes, 0 no, -1 where there
 * was no answer, which has been said. */
int prompt_removal(const char *command, const char *what);

/* The terminal shows nothing of what is typed, and is as it was afterwards. */
int prompt_secret(const char *question, char **ret, struct error *err);

/* All of standard input as one line: the secret somebody pipes to us. */
int prompt_read_input(char **ret, struct error *err);
