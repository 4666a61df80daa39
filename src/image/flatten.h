/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root file system that the layers of an image make together, as one tar: owners, modes,
 * nanoseconds, hard links, devices, extended attributes with capabilities and ACLs. The same image
 * makes the same tar, so that its digest means something. Sockets are left out: tar has none.
 */
#pragma once

#include "../base/error.h"
#include "../base/str.h"

#include <signal.h>

struct flatten_options {
        const char *compression;             /* "gzip", "zstd", "xz"; NULL: none */
        const volatile sig_atomic_t *cancel; /* borrowed; non-zero: stop; or NULL */
};

/* What the name of a file says of the compression it should have: NULL for none. */
const char *flatten_compression(const char *path);

/* directories: of the layers, lowest first; fd gets the tar. ret_digest, where it is not NULL, that
 * of the bytes written, owned by the caller. */
int flatten_layers(const struct strv *directories, const struct flatten_options *options, int fd,
                   const char *name, char **ret_digest, struct error *err);
