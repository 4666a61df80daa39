/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one error type. A function that can fail takes `struct error *err` last and returns -1 after
 * it has filled it in; the message is built where the facts are known, and callers put their own
 * context in front of it on the way up:
 *
 *     if (store_lock(store, err) < 0)
 *             return error_wrap(err, "loading %s", path);
 *
 * Only programs print errors (log.h). Messages are lower case and have no full stop at the end.
 * err may be NULL where the caller does not want to know why.
 */
#pragma once

#include "attr.h"

#include <stdlib.h>

/* Where in a file of the user's. */
struct error_place {
        const char *path;      /* borrowed from what was read; NULL where there is no place */
        unsigned line, column; /* from 1, the column in bytes; 0 where it is the whole file */
};

struct error {
        int code;                 /* errno value, or 0 where the failure has none */
        char *message;            /* owned; NULL while there is no error */
        struct error_place place; /* the message does not say it again */
        char *alias;              /* owned; the words another program has for it, or NULL */
};

/* Set the message; code is for callers that tell failures apart. Returns -1. */
int error_set(struct error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Set the message and append ": " and the system's text for errnum, which becomes the code. Returns
 * -1. */
int error_errno(struct error *err, int errnum, const char *format, ...) PRINTF_LIKE(3, 4);

/* Put context and ": " in front of the message. Returns -1. */
int error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Set the words that another program has for this failure, and that scripts may look for. Returns
 * -1. */
int error_alias(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Free the message and forget the error; most often there is none. */
static inline void error_clear(struct error *err)
{
        if (err->message)
                free(err->message);
        if (err->alias)
                free(err->alias);
        *err = (struct error){ 0 };
}

#define AUTO_ERROR CLEANUP(error_clear)
