/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container writes: `upper` and `work` (the overlay's upper layer) and, where the plan has
 * some, `volumes` in its data directory (place.h). By default it is made new for every start and
 * removed at the stop. A kept one (--rm=false) carries the file `image`, what it was made on
 * (ids_layer_key()): on another image, or with other owners, it makes no sense, and is made new.
 *
 * The lock is held by a descriptor: as long as it is open, nobody else changes or removes the
 * directory. The overlay itself only warns when an upper layer is used twice.
 */
#pragma once

#include "../base/error.h"

#include <stdbool.h>

struct writable {
        int fd;     /* owned; the data directory, locked */
        bool fresh; /* nothing was in it */
};

void writable_close(struct writable *writable);
#define AUTO_WRITABLE CLEANUP(writable_close)

/* Make and lock it; keep: on the same image (NULL is none) it stays if it is there. */
int writable_open(const char *data, bool keep, const char *image, struct writable *ret,
                  struct error *err);

/* Lock a kept one as it is, whatever it was made on: *ret_image (owned by the caller) says that.
 * ENOENT where nothing is kept. */
int writable_hold(const char *data, struct writable *ret, char **ret_image, struct error *err);

/* Of a kept one: until it is marked again, it counts as not complete. */
int writable_unmark(const struct writable *writable, struct error *err);
int writable_mark(const struct writable *writable, const char *image, struct error *err);

/* Remove it with all that is in it. Returns 1, or 0 where somebody else holds the lock or it is
 * to be kept (unless even_kept). The name is free at once, however long the rest takes. */
int writable_remove(const char *data, bool even_kept, struct error *err);

/* Give it another name beside it. EEXIST where that is taken, EBUSY where somebody else holds the
 * lock. */
int writable_rename(const char *data, const char *other, struct error *err);

/* Remove what interrupted removals left below the store. */
void writable_sweep(const char *storage);
