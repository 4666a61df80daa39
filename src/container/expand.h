/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* $NAME and ${NAME} in a text, as a shell has them, but nothing else of a shell. */
#pragma once

/* names: NAME=VALUE words, NULL at the end; who is not among them is empty. Owned by the caller. */
char *expand_variables(const char *text, char *const *names);
