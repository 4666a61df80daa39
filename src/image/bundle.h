/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files an image is carried in, by name: a directory (OCI layout), or a tar (oci-archive,
 * docker-archive), compressed or not. A tar that can be read at any place is only listed, and its
 * members are read where they are; from a pipe, or from a compressed tar, each member becomes a
 * file in a directory of the caller's, in one pass.
 */
#pragma once

#include "../base/error.h"

#include "stream.h"

enum {
        BUNDLE_MAX_MEMBERS = 100000,
        BUNDLE_MAX_NAME = 4096 /* bytes */
};

struct bundle;

/* A regular file of the bundle; owned by it. */
struct bundle_member {
        const char *name;
        uint64_t offset, size; /* bytes */
        const char *digest; /* "sha256:…" where it became a file, and thus is known; else NULL */
        const char *file;   /* its name in the spool directory, or NULL */
};

enum bundle_kind {
        BUNDLE_IMAGES, /* the first name is one that image archives have */
        BUNDLE_ROOTFS, /* it is another one: a tar of a root file system */
};

/* Tell from the first bytes of a tar (decompressed). */
enum bundle_kind bundle_guess(const void *data, size_t length);

/* directory is borrowed, name too; for messages. */
int bundle_open_directory(int directory, const char *name, struct bundle **ret, struct error *err);
/* fd: a regular file that is not compressed; borrowed. */
int bundle_open_tar(int fd, const char *name, struct bundle **ret, struct error *err);
/* spool: an open directory, borrowed. */
int bundle_spool(struct stream *stream, const char *name, int spool, struct bundle **ret,
                 struct error *err);
void bundle_close(struct bundle **bundle);
#define AUTO_BUNDLE CLEANUP(bundle_close)

/* The member of that name, links followed; NULL where there is none. */
const struct bundle_member *bundle_find(struct bundle *bundle, const char *name);

/* A descriptor to read the member from, at member->offset; owned by the caller. */
int bundle_open_member(struct bundle *bundle, const struct bundle_member *member, int *ret_fd,
                       struct error *err);

/* All of a small member, NUL-terminated. ENOENT where there is none of that name. */
int bundle_read(struct bundle *bundle, const char *name, size_t max, char **ret_data,
                size_t *ret_length, struct error *err);
