/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What servers say in headers and bodies, made fit for use. All of it comes from outside: nothing
 * is trusted, everything has a limit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        ANSWER_MAX_MESSAGE = 300 /* bytes of a server's own words in our messages */
};

/* Text for a message: at most max bytes, blanks for control characters, question marks for what is
 * no UTF-8. Owned by the caller. */
char *answer_clean(const char *text, size_t length, size_t max);

/*
 * The reason within the body of a refusal: the errors of the distribution specification, the
 * members that token servers use, or plain text. NULL where it has none; owned by the caller.
 */
char *answer_message(const char *body, size_t length);

/* Retry-After: seconds, or a date (RFC 9110 10.2.3); 0 where it is neither. */
uint64_t answer_retry_after(const char *value);

/* "bytes 5-9/10": *ret_total is 0 where it says "*". */
bool answer_content_range(const char *value, uint64_t *ret_first, uint64_t *ret_last,
                          uint64_t *ret_total);

/* The Range header of an upload, "0-9" or "bytes=0-9": how many bytes the registry has. A range of
 * none and of one byte look the same there ("0-0"), and count as none. */
bool answer_upload_offset(const char *value, uint64_t *ret_offset);

/* The target of a Link header with rel="next", or NULL; owned by the caller. */
char *answer_next_link(const char *value);

/* A Content-Type without its parameters, in lower case, or NULL where it is none; owned by the
 * caller. */
char *answer_media_type(const char *value);
