/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 (RFC 4648, section 4). Results are owned by the caller. */
#pragma once

#include <stddef.h>

char *base64_encode(const void *data, size_t length);

/* NUL-terminated behind its length; NULL where text is no base64. Blanks and line ends are skipped.
 */
char *base64_decode(const char *text, size_t *ret_length);
