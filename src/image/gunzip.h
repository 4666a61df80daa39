/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gzip (RFC 1952) by ISA-L, which needs half the time that zlib needs. Only where crunit was
 * configured with that library; libarchive does it elsewhere, and this is to give the same: members
 * follow each other, what follows the last one and does not begin like one is ignored.
 */
#pragma once

#include "../base/error.h"

#include <stddef.h>

enum {
        GUNZIP_ROOM = 256 << 10
};

/* The next raw bytes, borrowed until the next call. Returns 1, 0 at the end, -1. */
typedef int gunzip_source(void *context, const void **ret_data, size_t *ret_length,
                          struct error *err);

struct gunzip;

/* context and name (for messages) are borrowed. */
struct gunzip *gunzip_new(gunzip_source *source, void *context, const char *name);
void gunzip_free(struct gunzip **gunzip);

/* The next bytes: in room, which has GUNZIP_ROOM bytes, or, where that is NULL, borrowed until the
 * next call. Returns 1, 0 at the end, -1: EBADMSG where they are damaged, or the source's failure.
 */
int gunzip_next(struct gunzip *gunzip, void *room_or_null, const void **ret_data,
                size_t *ret_length, struct error *err);
