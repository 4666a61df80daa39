/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of a container's program, a list of NAME=VALUE in which a later one replaces an
 * earlier one in its place. */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

/* Set NAME=VALUE, or an empty value where there is no `=`. */
void environment_set(struct strv *list, const char *pair);
void environment_set_value(struct strv *list, const char *name, const char *value);
void environment_unset(struct strv *list, const char *name);

/* The value of a name in a NULL-terminated environment, or NULL. Borrowed. */
const char *environment_get(char *const *environment, const char *name);

/* What --env takes: NAME=VALUE, NAME (from the host's environment, left out where it is not there)
 * or BEGINNING* (all of the host's that begin so). */
void environment_apply(struct strv *list, const char *text, char *const *host);

/*
 * What --env-file takes: the text of a file of lines as environment_apply() takes them. Blank lines
 * and those whose first character that is no blank is `#` are passed over; nothing else has a
 * meaning: quotes and later `#` belong to the value. name is for messages.
 */
int environment_apply_file(struct strv *list, const char *text, const char *name, char *const *host,
                           struct error *err);

/* The same for a file of that path, of at most 16 MiB. */
int environment_read_file(struct strv *list, const char *path, char *const *host,
                          struct error *err);
